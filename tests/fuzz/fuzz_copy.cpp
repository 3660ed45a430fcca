// Fuzzes the readers of copying jobs and of their reports: whatever was read is written, reads the same again, and leads out of no folder.
#include <cstddef>
#include <cstdint>
#include <string>

#include "proto/copy_job.hpp"
#include "proto/json_reader.hpp"
#include "tests/fuzz/require.hpp"

using jobpool::fuzz::require;
using namespace jobpool::proto;

namespace {

JsonText parsed(const std::string& text) {
  const auto value = JsonText::check(text, kMaxMessageDepth);
  require(value.has_value(), "what was written is no JSON");
  return *value;
}

bool is_name(const std::string& name) { return !name.empty() && name != "." && name != ".." && name.find('/') == name.npos; }

void files(JsonText object) {
  const auto job = read_copy_files(object);
  if (!job) return;
  for (const CopyFolder& folder : job->folders) {
    require(folder.targets.empty() || folder.targets.size() == folder.files.size(), "not every file has its target");
    for (const std::string& name : folder.files) require(is_name(name), "a file's name is none");
    for (const std::string& name : folder.targets) require(is_name(name), "a target's name is none");
  }
  const std::string written = write_copy_files(*job);
  const auto again = read_copy_files(parsed(written));
  require(again && write_copy_files(*again) == written, "a job of files changes on its way");
}

void range(JsonText object) {
  const auto job = read_copy_range(object);
  if (!job) return;
  require(is_name(job->file) && is_name(job->target), "a range's name is none");
  require(job->offset <= job->size && job->length <= job->size - job->offset, "a range lies outside of its file");
  const std::string written = write_copy_range(*job);
  const auto again = read_copy_range(parsed(written));
  require(again && write_copy_range(*again) == written, "a range changes on its way");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto object = JsonText::check(text, kMaxMessageDepth); object && object->is_object()) {
    files(*object);
    range(*object);
  }
  if (const auto report = read_copy_report(text)) {
    const std::string written = write_copy_report(*report);
    const auto again = read_copy_report(written);
    require(again && write_copy_report(*again) == written, "a report changes on its way");
  }
  return 0;
}
