// What jobpool copy asks workers to do, and what they answer: the arguments and results of the built-in functions @copy_files and
// @copy_range, each one JSON object. Names are bytes: text where they are protocol text, else in the field with Base64 behind its name.
// Reading is strict on both sides; the worker is as new as its client, or refuses.
//
//   copy_files  {roots…, "folders":[{"folder":"a/b","fresh":true,"files":["x","y"],"targets":["x","z"]}]}
//   copy_range  {roots…, "folder":"a/b","file":"x","targetFile":".jobpool-copy-…","write":true,"offset":0,"length":1,"size":1,
//                "modifiedSeconds":0,"modifiedNanoseconds":0}
//   roots…      "source":"/s","sourceDevice":1,"sourceInode":2,"target":"/t","targetDevice":1,"targetInode":3,"user":0,"run":"0f…",
//               "verify":true,"sync":true
//   result      {"problem":"…","files":[{"end":"copied","bytes":1,"attributesLost":true,"reason":"…"}]}
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "proto/json_text.hpp"

namespace jobpool::proto {

inline constexpr std::string_view kCopyFiles = "copy_files";
inline constexpr std::string_view kCopyRange = "copy_range";
inline constexpr std::size_t kMaxFilesOfCopyJob = 4096;

// Which folder is meant: a worker that finds another one at the path sees another file system than the client.
struct FolderId {
  std::uint64_t device = 0, inode = 0;
  friend bool operator==(const FolderId&, const FolderId&) = default;
};

struct CopyRoots {
  std::string source, target;  // absolute
  FolderId source_id, target_id;
  std::uint32_t user = 0;  // the client's effective uid: whoever copies for somebody else would make files that are not theirs
  std::string run;         // sixteen hexadecimal digits, of the temporary names
  bool verify = false;     // compare what was written, or was there
  bool sync = false;       // on disk before it has its name
};

struct CopyFolder {
  std::string path;                  // beneath both roots; empty: the roots themselves
  bool fresh = false;                // none of the names was in the target when the client looked: nothing is replaced
  std::vector<std::string> files;    // names in it
  std::vector<std::string> targets;  // their names in the target; empty: the same
};

struct CopyFiles {
  CopyRoots roots;
  std::vector<CopyFolder> folders;
};

struct CopyRange {
  CopyRoots roots;
  std::string folder, file, target;
  bool write = true;  // false: only compared, as `roots.verify` says
  std::int64_t offset = 0, length = 0;
  // The source as it was when the first range was planned.
  std::int64_t size = 0, modified_seconds = 0, modified_nanoseconds = 0;
};

enum class CopyEnd : std::uint8_t {
  copied,
  skipped,   // the same length and time: was there already
  changed,   // copied, but the source changed meanwhile
  differs,   // --verify found other bytes
  vanished,  // the source was gone
  failed,
  no_room,  // the target's disk is full: nothing behind it was tried
};
std::string_view to_string(CopyEnd end);
std::optional<CopyEnd> copy_end_from(std::string_view name);

struct FileEnd {
  CopyEnd end = CopyEnd::copied;
  std::int64_t bytes = 0;
  bool attributes_lost = false;
  std::string reason;
};

struct CopyReport {
  std::string problem;         // of the whole job: nothing was done
  std::vector<FileEnd> files;  // in the job's order; fewer where the disk was full
};

std::string write_copy_files(const CopyFiles& job);
Result<CopyFiles> read_copy_files(JsonText object);  // Errors: invalid_argument, the text is the field's path
std::string write_copy_range(const CopyRange& job);
Result<CopyRange> read_copy_range(JsonText object);
std::string write_copy_report(const CopyReport& report);
Result<CopyReport> read_copy_report(std::string_view text);  // Errors: protocol

}  // namespace jobpool::proto
