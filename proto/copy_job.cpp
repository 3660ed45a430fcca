// Strict reading, plain writing of the two jobs; copy_report.cpp has their answer. See copy_job.hpp.
#include "proto/copy_job.hpp"

#include <algorithm>

#include "proto/fields.hpp"
#include "proto/json_writer.hpp"
#include "proto/parts.hpp"

namespace jobpool::proto {
namespace {

constexpr std::size_t kMaxFolderBytes = 1024 * 1024;  // relative paths may be longer than PATH_MAX, which only one system call has
constexpr std::size_t kMaxCopyNameBytes = 255;        // NAME_MAX
constexpr std::size_t kRunDigits = 16;

bool is_file_name(const std::string& name) {
  return !name.empty() && name.size() <= kMaxCopyNameBytes && name != "." && name != ".." && name.find('/') == name.npos &&
         name.find('\0') == name.npos;
}

bool is_run(const std::string& run) { return run.size() == kRunDigits && run.find_first_not_of("0123456789abcdef") == run.npos; }

std::string require_root(Fields& fields, std::string_view name) {
  std::string path = fields.bytes(name).value_or("");
  if (!path.starts_with('/') || path.find('\0') != path.npos) fields.reject(name);
  return path;
}

std::string require_name(Fields& fields, std::string_view name) {
  std::string text = fields.bytes(name).value_or("");
  if (!is_file_name(text)) fields.reject(name);
  return text;
}

// Whether the components are names is for who opens them, one by one.
std::string take_folder(Fields& fields) { return fields.bytes("folder", kMaxFolderBytes).value_or(""); }

// Device and inode numbers have 64 bits, JSON's integers 63 of them here.
std::uint64_t require_number(Fields& fields, std::string_view name) {
  return static_cast<std::uint64_t>(fields.required_integer(name, std::numeric_limits<std::int64_t>::min(), kMaxInteger));
}
void write_number(ObjectWriter& object, std::string_view name, std::uint64_t number) {
  object.integer(name, static_cast<std::int64_t>(number));
}

CopyRoots require_roots(Fields& fields) {
  CopyRoots roots;
  roots.source = require_root(fields, "source");
  roots.source_id = {require_number(fields, "sourceDevice"), require_number(fields, "sourceInode")};
  roots.target = require_root(fields, "target");
  roots.target_id = {require_number(fields, "targetDevice"), require_number(fields, "targetInode")};
  roots.user = static_cast<std::uint32_t>(fields.required_integer("user", 0, std::numeric_limits<std::uint32_t>::max()));
  roots.run = fields.required_text("run", kRunDigits);
  if (!is_run(roots.run)) fields.reject("run");
  roots.verify = fields.flag("verify").value_or(false);
  roots.sync = fields.flag("sync").value_or(false);
  return roots;
}

void write_roots(ObjectWriter& object, const CopyRoots& roots) {
  object.bytes("source", roots.source);
  write_number(object, "sourceDevice", roots.source_id.device);
  write_number(object, "sourceInode", roots.source_id.inode);
  object.bytes("target", roots.target);
  write_number(object, "targetDevice", roots.target_id.device);
  write_number(object, "targetInode", roots.target_id.inode);
  object.integer("user", roots.user);
  object.text("run", roots.run);
  object.flag_if("verify", roots.verify);
  object.flag_if("sync", roots.sync);
}

Result<CopyFolder> read_copy_folder(JsonText object, std::string_view path) {
  Fields fields(object, MessageKind::request, path);
  CopyFolder folder;
  folder.path = take_folder(fields);
  folder.fresh = fields.flag("fresh").value_or(false);
  folder.files = fields.words("files", kMaxFilesOfCopyJob).value_or(std::vector<std::string>{});
  folder.targets = fields.words("targets", kMaxFilesOfCopyJob).value_or(std::vector<std::string>{});
  if (folder.files.empty() || !std::all_of(folder.files.begin(), folder.files.end(), is_file_name)) fields.reject("files");
  const bool fits = folder.targets.empty() || folder.targets.size() == folder.files.size();
  if (!fits || !std::all_of(folder.targets.begin(), folder.targets.end(), is_file_name)) fields.reject("targets");
  return finished(fields, std::move(folder));
}

void append_copy_folder(std::string& out, const CopyFolder& folder) {
  ObjectWriter object(out);
  object.bytes_if("folder", folder.path);
  object.flag_if("fresh", folder.fresh);
  object.words("files", folder.files);
  if (!folder.targets.empty()) object.words("targets", folder.targets);
  object.close();
}

}  // namespace

std::string write_copy_files(const CopyFiles& job) {
  return written([&](ObjectWriter& object) {
    write_roots(object, job.roots);
    std::string& out = object.key("folders");
    out += '[';
    for (const CopyFolder& folder : job.folders) {
      if (out.back() != '[') out += ',';
      append_copy_folder(out, folder);
    }
    out += ']';
  });
}

Result<CopyFiles> read_copy_files(JsonText object) {
  Fields fields(object, MessageKind::request);
  CopyFiles job;
  job.roots = require_roots(fields);
  const auto folders = fields.required_array("folders");
  std::size_t count = 0;
  for (std::size_t i = 0; folders && i < folders->size(); ++i) {
    Result<CopyFolder> folder = read_copy_folder((*folders)[i], "folders");
    if (!folder) return folder.error();
    count += folder->files.size();
    if (count > kMaxFilesOfCopyJob) fields.reject("folders");
    job.folders.push_back(std::move(*folder));
  }
  return finished(fields, std::move(job));
}

std::string write_copy_range(const CopyRange& job) {
  return written([&](ObjectWriter& object) {
    write_roots(object, job.roots);
    object.bytes_if("folder", job.folder);
    object.bytes("file", job.file);
    object.bytes("targetFile", job.target);
    object.flag_if("write", job.write);
    object.integer("offset", job.offset);
    object.integer("length", job.length);
    object.integer("size", job.size);
    object.integer("modifiedSeconds", job.modified_seconds);
    object.integer("modifiedNanoseconds", job.modified_nanoseconds);
  });
}

Result<CopyRange> read_copy_range(JsonText object) {
  constexpr std::int64_t kNanoseconds = 999'999'999;
  Fields fields(object, MessageKind::request);
  CopyRange job;
  job.roots = require_roots(fields);
  job.folder = take_folder(fields);
  job.file = require_name(fields, "file");
  job.target = require_name(fields, "targetFile");
  job.write = fields.flag("write").value_or(false);
  job.size = fields.required_integer("size", 0, kMaxInteger);
  job.offset = fields.required_integer("offset", 0, job.size);
  job.length = fields.required_integer("length", 0, job.size - job.offset);
  job.modified_seconds = fields.required_integer("modifiedSeconds", std::numeric_limits<std::int64_t>::min(), kMaxInteger);
  job.modified_nanoseconds = fields.required_integer("modifiedNanoseconds", 0, kNanoseconds);
  return finished(fields, std::move(job));
}

}  // namespace jobpool::proto
