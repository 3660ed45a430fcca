// The codec of reports; the form is in the header. Worker (encodes, into a buffer it reuses) and broker (decodes).
#include "common/job/report.hpp"

#include <string_view>

#include "common/job/packing.hpp"

namespace jobpool {
namespace {

constexpr std::uint8_t kReportVersion = 1;
constexpr std::uint16_t kStreamed = 1, kStopped = 2;
constexpr std::string_view kCut = "…";
constexpr std::size_t kMaxTypeBytes = 512;  // a demangled template's name can be endless; people read its beginning

using ByteWriter = packing::Writer<std::vector<std::byte>>;

Error bad_report(std::string_view what) { return Error{Errc::protocol, "report: " + std::string(what)}; }

std::string_view text_of(std::span<const std::byte> body) { return {reinterpret_cast<const char*>(body.data()), body.size()}; }

bool is_continuation(char octet) { return (static_cast<unsigned char>(octet) & 0xc0) == 0x80; }

// How much of `text` to keep, so that with the mark it fits and no UTF-8 sequence is torn.
std::size_t kept_bytes(std::string_view text, std::size_t limit) {
  std::size_t keep = limit - kCut.size();
  while (keep > 0 && is_continuation(text[keep])) --keep;
  return keep;
}

void write_cut(ByteWriter& writer, std::string_view text, std::size_t limit) {
  if (text.size() <= limit) {
    writer.bytes(text);
    return;
  }
  const std::size_t keep = kept_bytes(text, limit);
  writer.number(static_cast<std::uint32_t>(keep + kCut.size()));
  writer.append(text.data(), keep);
  writer.append(kCut.data(), kCut.size());
}

}  // namespace

void encode_report(const ReportView& report, std::vector<std::byte>& out) {
  ByteWriter writer(out);
  const auto flags = static_cast<std::uint16_t>((report.streamed ? kStreamed : 0) | (report.stopped ? kStopped : 0));
  writer.numbers(kReportVersion, static_cast<std::uint8_t>(report.ending), flags, report.code, report.ended_usec, report.user_usec,
                 report.system_usec, report.max_rss_bytes);
  write_cut(writer, report.reason, kMaxReasonBytes);
  write_cut(writer, report.error_type, kMaxTypeBytes);
  const std::string_view result = report.streamed ? std::string_view() : report.result;
  writer.number(static_cast<std::uint64_t>(result.size()));
  writer.append(result.data(), result.size());
}

Result<ReportView> decode_report(std::span<const std::byte> body) {
  packing::Reader reader(text_of(body));
  Result<ReportView> decoded(std::in_place);  // made where it is returned
  ReportView& report = *decoded;
  const auto version = reader.number<std::uint8_t>();
  const auto ending = reader.number<std::uint8_t>();
  const auto flags = reader.number<std::uint16_t>();
  report.ending = static_cast<Ending>(ending);
  report.code = reader.number<std::int32_t>();
  report.ended_usec = reader.number<std::int64_t>();
  report.user_usec = reader.number<std::int64_t>();
  report.system_usec = reader.number<std::int64_t>();
  report.max_rss_bytes = reader.number<std::int64_t>();
  report.reason = reader.bytes();
  report.error_type = reader.bytes();
  report.result = reader.take(reader.number<std::uint64_t>());
  report.streamed = (flags & kStreamed) != 0;
  report.stopped = (flags & kStopped) != 0;
  if (!reader.finished()) return bad_report(reader.ok() ? "bytes after its end" : "cut short");
  if (version != kReportVersion) return bad_report("unknown version");
  if (ending < static_cast<std::uint8_t>(Ending::returned) || ending > static_cast<std::uint8_t>(Ending::not_started))
    return bad_report("unknown ending");
  if ((flags & ~(kStreamed | kStopped)) != 0) return bad_report("unknown flags");
  if (report.reason.size() > kMaxReasonBytes || report.error_type.size() > kMaxTypeBytes) return bad_report("a text above its limit");
  if (report.result.size() > kMaxInlineResult) return bad_report("an inline result above its limit");
  if (report.streamed && !report.result.empty()) return bad_report("a streamed result with bytes inline");
  return decoded;
}

ResultInReport result_in_report(std::span<const std::byte> body) {
  packing::Reader reader(text_of(body));
  reader.take(2);  // version and ending
  const auto flags = reader.number<std::uint16_t>();
  reader.take(sizeof(Report::code) + sizeof(Report::ended_usec) + sizeof(Report::user_usec) + sizeof(Report::system_usec) +
              sizeof(Report::max_rss_bytes));
  reader.bytes();
  reader.bytes();
  const std::string_view text = reader.take(reader.number<std::uint64_t>());
  if (!reader.finished()) return {};
  return {text, (flags & kStreamed) != 0};
}

}  // namespace jobpool
