// The codec of reports: what goes in comes out, long texts are cut, and nothing that is off gets through.
#include "common/job/report.hpp"

#include "tests/support/catch.hpp"

namespace jobpool {
namespace {

Report full_report() {
  Report report;
  report.ending = Ending::threw;
  report.code = -7;
  report.ended_usec = 1'700'000'000'000'000;
  report.user_usec = 12;
  report.system_usec = 34;
  report.max_rss_bytes = 56 << 20;
  report.reason = "disk full";
  report.error_type = "std::runtime_error";
  report.result = R"({"a":[1,2]})";
  return report;
}

std::vector<std::byte> encoded(const Report& report) {
  std::vector<std::byte> out;
  encode_report(report, out);
  return out;
}

TEST_CASE("a report comes out of the codec as it went in") {
  const Report report = full_report();
  const std::vector<std::byte> bytes = encoded(report);
  const Result<ReportView> decoded = decode_report(bytes);
  REQUIRE(decoded);
  CHECK(decoded->ending == report.ending);
  CHECK(decoded->code == report.code);
  CHECK(decoded->ended_usec == report.ended_usec);
  CHECK(decoded->user_usec == report.user_usec);
  CHECK(decoded->system_usec == report.system_usec);
  CHECK(decoded->max_rss_bytes == report.max_rss_bytes);
  CHECK(decoded->reason == report.reason);
  CHECK(decoded->error_type == report.error_type);
  CHECK(decoded->result == report.result);
  CHECK_FALSE(decoded->streamed);
}

TEST_CASE("a streamed result leaves its bytes out of the report") {
  Report report = full_report();
  report.streamed = true;
  const std::vector<std::byte> bytes = encoded(report);
  const Result<ReportView> decoded = decode_report(bytes);
  REQUIRE(decoded);
  CHECK(decoded->streamed);
  CHECK(decoded->result.empty());
}

TEST_CASE("a report's result is read in place, and nothing of what is cut short") {
  Report report = full_report();
  const std::vector<std::byte> whole = encoded(report);
  CHECK(result_in_report(whole).text == report.result);
  CHECK_FALSE(result_in_report(whole).streamed);
  for (std::size_t size = 0; size < whole.size(); ++size) CHECK(result_in_report(std::span(whole).first(size)).text.empty());
  report.streamed = true;
  const std::vector<std::byte> streamed = encoded(report);
  CHECK(result_in_report(streamed).streamed);
  CHECK(result_in_report(streamed).text.empty());
}

TEST_CASE("encoding appends to what is there") {
  std::vector<std::byte> out(3);
  encode_report(full_report(), out);
  CHECK(decode_report(std::span(out).subspan(3)));
}

TEST_CASE("a reason that is too long is cut between characters and marked") {
  for (std::size_t shift = 0; shift < 3; ++shift) {
    Report report = full_report();
    report.reason = std::string(shift, 'x');
    while (report.reason.size() <= kMaxReasonBytes) report.reason += "拷";
    const std::vector<std::byte> bytes = encoded(report);
    const Result<ReportView> decoded = decode_report(bytes);
    REQUIRE(decoded);
    CHECK(decoded->reason.size() <= kMaxReasonBytes);
    CHECK(decoded->reason.size() > kMaxReasonBytes - 8);
    const std::string mark = "拷…";
    CHECK(decoded->reason.substr(decoded->reason.size() - mark.size()) == mark);
    CHECK((decoded->reason.size() - shift) % 3 == 0);
  }
}

TEST_CASE("the largest report fits into one frame of the ring") {
  Report report = full_report();
  report.reason.assign(100'000, 'r');
  report.error_type.assign(100'000, 't');
  report.result.assign(kMaxInlineResult, '1');
  const std::vector<std::byte> out = encoded(report);
  CHECK(out.size() <= 64 * 1024);
  CHECK(decode_report(out));
}

TEST_CASE("a report that is cut short anywhere is refused, and so is one byte too many") {
  std::vector<std::byte> out = encoded(full_report());
  for (std::size_t size = 0; size < out.size(); ++size) {
    INFO("cut at " << size);
    const Result<ReportView> decoded = decode_report(std::span(out).first(size));
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code == Errc::protocol);
  }
  out.push_back(std::byte{0});
  CHECK_FALSE(decode_report(out));
}

TEST_CASE("a report with an unknown version, ending or flag is refused") {
  const std::vector<std::byte> good = encoded(full_report());
  REQUIRE(decode_report(good));
  for (const auto& [index, value] : {std::pair<std::size_t, int>{0, 2}, {1, 0}, {1, 6}, {2, 4}, {3, 1}}) {
    std::vector<std::byte> bad = good;
    bad[index] = static_cast<std::byte>(value);
    CHECK_FALSE(decode_report(bad));
  }
  std::vector<std::byte> streamed_with_bytes = good;
  streamed_with_bytes[2] = std::byte{1};
  CHECK_FALSE(decode_report(streamed_with_bytes));
}

}  // namespace
}  // namespace jobpool
