// What a worker says of a job's end: the body of a FIN frame. Raw facts only; the broker's core decides what outcome they mean
// (a job that died of TERM after a cancel is cancelled, not crashed).
//
//   report = version:u8 ending:u8 flags:u16 code:i32 ended_usec:i64 user_usec:i64 system_usec:i64 max_rss_bytes:i64
//            reason_length:u32 reason  type_length:u32 error_type  result_length:u64 [result: unless flags say it came as DATA]
//   flags = 1 streamed | 2 stopped
//   little-endian (the host's; both ends are one host), every length checked before use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace jobpool {

enum class Ending : std::uint8_t {
  returned = 1,     // function: returned; `result` holds JSON text
  threw = 2,        // function: failed with `error_type` and `reason`; of a chunk `result` says which items did
  exited = 3,       // command: `code` is its exit code
  signalled = 4,    // command: `code` is the signal it died of
  not_started = 5,  // command: could not be started; `code` is the shell's exit code for that (126, 127, else 125), `reason` says why
};

template <class Text>
struct ReportOf {
  Ending ending = Ending::returned;
  std::int32_t code = 0;
  std::int64_t ended_usec = 0;  // wall clock
  std::int64_t user_usec = 0;   // 0 for functions: not measured on the hot path
  std::int64_t system_usec = 0;
  std::int64_t max_rss_bytes = 0;
  Text reason;      // one sentence, or the exception's text; empty when there is nothing to say
  Text error_type;  // the exception's type, for `threw`
  Text result;      // JSON text, for `returned` and chunks; empty when streamed
  // In the worker: what stands for `result`, where that is large and somewhere in the job's payload. Never encoded.
  std::string_view result_in_place;
  bool streamed = false;  // the result went ahead in DATA frames
  bool stopped = false;   // command: a stop order had reached it before it ended, whatever its exit code says
};
using Report = ReportOf<std::string>;           // as a worker makes it
using ReportView = ReportOf<std::string_view>;  // as the broker reads it: its texts are in the frame

// The same, with its texts as `To`.
template <class To, class From>
ReportOf<To> with_texts(const ReportOf<From>& report) {
  return {report.ending,     report.code,           report.ended_usec, report.user_usec,       report.system_usec, report.max_rss_bytes,
          To(report.reason), To(report.error_type), To(report.result), report.result_in_place, report.streamed,    report.stopped};
}

inline constexpr std::size_t kMaxReasonBytes = 8 * 1024;    // longer texts are cut, marked with "…"
inline constexpr std::size_t kMaxInlineResult = 40 * 1024;  // larger results go ahead as DATA frames

// Appends the encoded report to `out`. Cuts over-long texts; Requires: result ≤ kMaxInlineResult.
void encode_report(const ReportView& report, std::vector<std::byte>& out);
inline void encode_report(const Report& report, std::vector<std::byte>& out) { encode_report(with_texts<std::string_view>(report), out); }

// Valid as long as `body` is. Errors: protocol, naming what was off.
Result<ReportView> decode_report(std::span<const std::byte> body);
Result<ReportView> decode_report(std::vector<std::byte>&&) = delete;  // it would be gone

// Of a report its result alone, read in place: valid as long as the report is. Nothing: of one that is none, or has no result.
struct ResultInReport {
  std::string_view text;
  bool streamed = false;
};
ResultInReport result_in_report(std::span<const std::byte> body);

}  // namespace jobpool
