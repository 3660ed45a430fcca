// Fuzzes the report of a job's end as the broker gets it from a worker: nothing crashes its reader, and what was read is written as the
// same bytes again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/job/report.hpp"
#include "tests/fuzz/require.hpp"

using jobpool::fuzz::require;
using namespace jobpool;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto body = std::as_bytes(std::span(data, size));
  const auto report = decode_report(body);
  const ResultInReport in_place = result_in_report(body);
  if (!report) {
    require(report.error().code == Errc::protocol, "another error than protocol");
    return 0;
  }
  require(report->reason.size() <= kMaxReasonBytes && report->result.size() <= kMaxInlineResult, "a text above its limit");
  require(in_place.text == report->result && in_place.streamed == report->streamed, "another result in place than read");
  std::vector<std::byte> written;
  encode_report(*report, written);
  require(std::ranges::equal(written, body), "a report is written otherwise than it was read");
  return 0;
}
