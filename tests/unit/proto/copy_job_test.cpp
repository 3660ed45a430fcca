// The messages between jobpool copy and the workers: there and back, and what is refused.
#include "proto/copy_job.hpp"

#include <nlohmann/json.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/checked_json.hpp"
#include "tests/unit/proto/refused.hpp"

namespace jobpool::proto {
namespace {

CopyRoots some_roots() {
  CopyRoots roots;
  roots.source = "/from/\xff here";
  roots.target = "/to/\"there\"[复件]";
  roots.source_id = {1, 0xFFFF'FFFF'FFFF'FFFF};  // btrfs and fuse give such
  roots.target_id = {2, 3};
  roots.user = 0xFFFF'FFFE;
  roots.run = "0123456789abcdef";
  roots.verify = true;
  return roots;
}

CopyFiles some_files() {
  CopyFiles job{some_roots(), {}};
  job.folders.push_back({"", true, {"a", "b\nc"}, {}});
  job.folders.push_back({"x/\xfe", false, {"\xff", "plain"}, {"\xff[复件]", "other"}});
  return job;
}

CopyRange some_range() {
  CopyRange range{some_roots(), "x/y", "file", ".jobpool-copy-1", true, 32, 64, 128, -5, 999'999'999};
  return range;
}

std::string refusal(const nlohmann::json& object) {
  const auto job = object.contains("folders")
                       ? Result<void>(read_copy_files(text_of(object)) ? Result<void>{} : read_copy_files(text_of(object)).error())
                       : Result<void>(read_copy_range(text_of(object)) ? Result<void>{} : read_copy_range(text_of(object)).error());
  return job ? "" : job.error().text;
}

TEST_CASE("a job of many files comes back as it was written, whatever bytes its names have") {
  const CopyFiles job = some_files();
  const auto read = read_copy_files(text_of(parsed(write_copy_files(job))));
  REQUIRE(read);
  CHECK(write_copy_files(*read) == write_copy_files(job));
  CHECK(read->roots.source == job.roots.source);
  CHECK(read->roots.source_id == job.roots.source_id);
  CHECK(read->roots.user == job.roots.user);
  CHECK(read->folders[0].fresh);
  CHECK(read->folders[0].files == job.folders[0].files);
  CHECK(read->folders[1].path == "x/\xfe");
  CHECK(read->folders[1].targets == job.folders[1].targets);
}

TEST_CASE("a job of one range comes back as it was written") {
  const CopyRange job = some_range();
  const auto read = read_copy_range(text_of(parsed(write_copy_range(job))));
  REQUIRE(read);
  CHECK(write_copy_range(*read) == write_copy_range(job));
  CHECK(read->offset == 32);
  CHECK(read->modified_seconds == -5);
}

TEST_CASE("names that lead out of a folder are refused") {
  for (const char* name : {"", ".", "..", "a/b", "/"}) {
    INFO(name);
    auto files = parsed(write_copy_files(some_files()));
    files["folders"][0]["files"] = {name};
    CHECK(refusal(files) == "folders.files");
    auto range = parsed(write_copy_range(some_range()));
    range["targetFile"] = name;
    CHECK(refusal(range) == "targetFile");
  }
}

TEST_CASE("every other slip in a copying job is named") {
  auto files = parsed(write_copy_files(some_files()));
  const auto with = [&](const std::string& field, const nlohmann::json& value) {
    auto changed = files;
    changed[field] = value;
    return refusal(changed);
  };
  CHECK(refusal(files).empty());
  CHECK(with("run", "0123456789abcdeg") == "run");
  CHECK(with("run", "..") == "run");
  CHECK(with("target", "relative") == "target");
  CHECK(with("user", -1) == "user");
  CHECK(with("more", 1) == "more");
  auto targets = files;
  targets["folders"][1]["targetsBase64"] = nlohmann::json::array({"/w=="});
  CHECK(refusal(targets) == "folders.targets");
  auto range = parsed(write_copy_range(some_range()));
  range["length"] = 97;
  CHECK(refusal(range) == "length");
}

TEST_CASE("a report comes back as it was written, and nonsense is refused") {
  CopyReport report;
  report.files = {{CopyEnd::copied, 7, true, ""},
                  {CopyEnd::failed, 0, false, "cannot open the source: Permission denied"},
                  {CopyEnd::no_room, 0, false, ""}};
  const auto read = read_copy_report(write_copy_report(report));
  REQUIRE(read);
  CHECK(write_copy_report(*read) == write_copy_report(report));
  CHECK(read->files[1].reason == report.files[1].reason);
  CHECK(read->files[2].end == CopyEnd::no_room);
  for (const char* text :
       {"", "[]", "{}", R"({"files":[{"end":"eaten"}]})", R"({"files":[{"end":"copied","bytes":-1}]})", R"({"files":[]}x)"}) {
    INFO(text);
    CHECK_FALSE(read_copy_report(text));
  }
}

TEST_CASE("every end of a file has a name of its own") {
  for (int i = 0; i <= static_cast<int>(CopyEnd::no_room); ++i) {
    const auto end = static_cast<CopyEnd>(i);
    CHECK(copy_end_from(to_string(end)) == end);
  }
  CHECK_FALSE(copy_end_from("Copied"));
}

}  // namespace
}  // namespace jobpool::proto
