// What a copying job answers. See copy_job.hpp.
#include <array>

#include "proto/copy_job.hpp"
#include "proto/fields.hpp"
#include "proto/json_reader.hpp"
#include "proto/json_writer.hpp"
#include "proto/parts.hpp"

namespace jobpool::proto {
namespace {

constexpr std::array<std::string_view, 7> kCopyEndNames{"copied", "skipped", "changed", "differs", "vanished", "failed", "noRoom"};

FileEnd read_file_end(Fields& fields) {
  FileEnd file;
  const std::string end = fields.required_text("end");
  const std::optional<CopyEnd> known = copy_end_from(end);
  if (!known) fields.reject("end");
  file.end = known.value_or(CopyEnd::failed);
  file.bytes = fields.integer("bytes", 0, kMaxInteger).value_or(0);
  file.attributes_lost = fields.flag("attributesLost").value_or(false);
  file.reason = fields.text("reason").value_or("");
  return file;
}

void append_file_end(std::string& out, const FileEnd& file) {
  ObjectWriter object(out);
  object.text("end", to_string(file.end));
  if (file.bytes != 0) object.integer("bytes", file.bytes);
  object.flag_if("attributesLost", file.attributes_lost);
  object.text_if("reason", file.reason);
  object.close();
}

}  // namespace

std::string_view to_string(CopyEnd end) { return kCopyEndNames.at(static_cast<std::size_t>(end)); }

std::optional<CopyEnd> copy_end_from(std::string_view name) {
  for (std::size_t i = 0; i < kCopyEndNames.size(); ++i)
    if (kCopyEndNames[i] == name) return static_cast<CopyEnd>(i);
  return std::nullopt;
}

std::string write_copy_report(const CopyReport& report) {
  return written([&](ObjectWriter& object) {
    object.text_if("problem", report.problem);
    std::string& out = object.key("files");
    out += '[';
    for (const FileEnd& file : report.files) {
      if (out.back() != '[') out += ',';
      append_file_end(out, file);
    }
    out += ']';
  });
}

Result<CopyReport> read_copy_report(std::string_view text) {
  const std::optional<JsonText> object = JsonText::check(text, kMaxPayloadDepth);
  if (!object || !object->is_object()) return Error{Errc::protocol, "a copying job's answer is no object"};
  Fields fields(*object, MessageKind::reply);
  CopyReport report;
  report.problem = fields.text("problem").value_or("");
  const auto files = fields.required_array("files");
  for (std::size_t i = 0; files && i < files->size(); ++i) {
    Fields of_file((*files)[i], MessageKind::reply, "files");
    report.files.push_back(read_file_end(of_file));
    if (auto good = of_file.finish(); !good) return good.error();
  }
  return finished(fields, std::move(report));
}

}  // namespace jobpool::proto
