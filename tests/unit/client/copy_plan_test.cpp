// How a copy is planned, and what it says: batches and ranges, percentages and sentences.
#include "client/cli/copy/display.hpp"
#include "client/cli/copy/language.hpp"
#include "client/cli/copy/plan.hpp"
#include "client/cli/copy/progress.hpp"
#include "tests/support/catch.hpp"

using namespace jobpool;
using namespace jobpool::cli;

namespace {

FoundFile found(const std::string& folder, const std::string& name, off_t size, bool fresh = true) {
  FoundFile file{folder, fresh, name, name, {}};
  file.status.st_size = size;
  return file;
}

CopyProgress progress(CopyAmount done, CopyAmount all, double seconds, bool all_found = true) { return {all, done, all_found, seconds}; }

}  // namespace

TEST_CASE("many small files are one job, until it has enough of them or of their bytes") {
  BatchPlan plan({});
  for (std::size_t i = 1; i < kFilesOfBatch; ++i) REQUIRE_FALSE(plan.add(found("a", std::to_string(i), 10)));
  const auto full = plan.add(found("a", "last", 10));
  REQUIRE(full);
  CHECK(full->sizes.size() == kFilesOfBatch);
  REQUIRE(full->job.folders.size() == 1);
  CHECK(full->job.folders[0].fresh);
  CHECK(full->job.folders[0].files.back() == "last");
  CHECK(full->job.folders[0].targets.empty());
  CHECK_FALSE(plan.rest());
  CHECK(plan.add(found("a", "big", static_cast<off_t>(kBytesOfBatch))));
}

TEST_CASE("a job has the files of several folders, each opened once") {
  BatchPlan plan({});
  for (const char* folder : {"", "", "a", "a/b", "a/b"}) REQUIRE_FALSE(plan.add(found(folder, "x", 1)));
  REQUIRE_FALSE(plan.add(found("a/b", "x", 1, false)));
  const auto rest = plan.rest();
  REQUIRE(rest);
  REQUIRE(rest->job.folders.size() == 4);
  CHECK(rest->job.folders[0].files.size() == 2);
  CHECK(rest->job.folders[2].path == "a/b");
  CHECK_FALSE(rest->job.folders[3].fresh);
  CHECK(rest->sizes.size() == 6);
}

TEST_CASE("the ranges of a large file lie end to end") {
  for (const off_t size : {off_t{0}, off_t{1}, off_t{kRangeBytes}, off_t{kRangeBytes + 1}, off_t{5} * kRangeBytes - 7}) {
    off_t at = 0;
    for (const copy::Span range : ranges_of(size)) {
      CHECK(range.offset == at);
      CHECK(range.length <= kRangeBytes);
      at += range.length;
    }
    CHECK(at == size);
    CHECK_FALSE(ranges_of(size).empty());
  }
}

TEST_CASE("the language is that of the first locale variable that is set") {
  CHECK(language_of("zh_CN.UTF-8", nullptr, nullptr) == Language::chinese);
  CHECK(language_of("", "zh_TW", "en_US.UTF-8") == Language::chinese);
  CHECK(language_of(nullptr, nullptr, "zh") == Language::chinese);
  CHECK(language_of("C.UTF-8", "zh_CN", "zh_CN") == Language::english);
  CHECK(language_of(nullptr, "en_GB", "zh_CN") == Language::english);
  CHECK(language_of(nullptr, nullptr, nullptr) == Language::english);
}

TEST_CASE("progress is a percentage with two places, a rate and the time that is left") {
  const CopyAmount all{100, 100 * 1024 * 1024}, done{42, 42 * 1024 * 1024};
  CHECK(progress_text(progress(done, all, 2), Language::english) == "copied 42.00 %  21.0 MiB/s  ETA 0:03");
  CHECK(progress_text(progress(done, all, 2), Language::chinese) == "当前的进度 42.00 %  21.0 MiB/s  剩余 0:03");
  CHECK(progress_text(progress(done, all, 2, false), Language::english) == "looking: 100 files, 100.0 MiB");
  CHECK(progress_text(progress({}, all, 0), Language::english) == "copied 0.00 %  0 B/s");
}

TEST_CASE("a hundred per cent is said only when nothing is left") {
  CHECK(percent_done(progress({}, {}, 1)) == 100);
  CHECK(percent_done(progress({}, {}, 1, false)) == 0);
  CHECK(percent_done(progress({1'000'000, 0}, {1'000'001, 0}, 1)) < 100);
  CHECK(percent_done(progress({1'000'001, 0}, {1'000'001, 0}, 1)) == 100);
  CHECK(percent_done(progress({3, 5}, {4, 5}, 1)) < 100);
  CHECK(percent_done(progress({4, 9}, {4, 5}, 1)) == 100);
  CHECK(percent_done(progress({5'000, 0}, {10'000, 0}, 1)) == 50);  // empty files count as well
}

TEST_CASE("sizes and times are short and never of too many digits") {
  CHECK(bytes_text(0) == "0 B");
  CHECK(bytes_text(1023) == "1023 B");
  CHECK(bytes_text(1024) == "1.0 KiB");
  CHECK(bytes_text(1024 * 1024 - 1) == "1.0 MiB");
  CHECK(bytes_text(2'147'483'648) == "2.0 GiB");
  CHECK(bytes_text(~std::uint64_t{0}) == "16.0 EiB");
  CHECK(clock_text(0) == "0:00");
  CHECK(clock_text(61.2) == "1:02");
  CHECK(clock_text(3723) == "1:02:03");
  CHECK(clock_text(1e300) == "99:59:59");
}

TEST_CASE("the last line says what was copied, what was there, and what was not copied well") {
  CopySummary summary{{20'000, 2'097'152}, {}, 0, 0.5};
  CHECK(complete_text(summary, Language::english) == "copy complete: 20000 files, 2.0 MiB, 0.50 s, 4.0 MiB/s");
  CHECK(complete_text(summary, Language::chinese) == "拷贝完成: 20000 个文件, 2.0 MiB, 0.50 s, 4.0 MiB/s");
  summary.skipped = {1, 5};
  summary.failed = 2;
  CHECK(ended_text(summary, Language::english) ==
        "copy ended, 2 not copied well: 20000 files, 2.0 MiB, 0.50 s, 4.0 MiB/s; were there already: 1 file");
  CHECK(interrupted_text(progress({3, 0}, {7, 0}, 1), Language::english) ==
        "copy interrupted: 3 of 7 files are done; the same command goes on from here");
  CHECK(interrupted_text(progress({3, 0}, {7, 0}, 1, false), Language::chinese).starts_with("拷贝已中断"));
}

TEST_CASE("a finished name is one object, also where it is no text") {
  CHECK(finished_json({"a/b", EntryKind::file, {proto::CopyEnd::copied, 7, false, ""}}) ==
        "{\"name\":\"a/b\",\"kind\":\"file\",\"end\":\"copied\",\"bytes\":7}\n");
  CHECK(finished_json({"\xff", EntryKind::fifo, {proto::CopyEnd::failed, 0, false, "why"}}) ==
        "{\"nameBase64\":\"/w==\",\"kind\":\"fifo\",\"end\":\"failed\",\"reason\":\"why\"}\n");
}
