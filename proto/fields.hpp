// Reads the fields of one JSON object, each by its name, kind and range, and remembers the first that is off.
// Strict for requests, where a field nobody asked for is off as well; for replies such fields are ignored, so that the daemon may be
// newer than the client. Used by the read_… functions of messages.hpp only; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.hpp"
#include "common/ids.hpp"
#include "common/result.hpp"
#include "proto/json_text.hpp"

namespace jobpool::proto {

enum class MessageKind { request, reply };
using JsonTexts = std::vector<JsonText>;

inline constexpr std::int64_t kMaxInteger = std::numeric_limits<std::int64_t>::max();
inline constexpr std::size_t kAnyLength = std::numeric_limits<std::size_t>::max();
// Beyond it a wait is no longer one; far from where adding it to a clock's nanoseconds would overflow.
inline constexpr Microseconds kMaxTimeout = std::chrono::hours(24 * 365 * 10);

// Optional fields: absent and null are the same and give nullopt. After the first field that is off, the values are of no use,
// and finish() says which it was.
class Fields {
 public:
  // Of an object in a request: several times what the largest has. One with more is off by what is among so many of them already, a field
  // that nobody knows or one that is there twice. The rest is not looked at: 24 MiB can be five million members.
  static constexpr std::size_t kMaxMembers = 128;

  // `path` of the object, "" at the top. Null is an object without members. Requires: what `object` is in outlives this.
  Fields(JsonText object, MessageKind kind, std::string_view path = {});
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  std::optional<std::string> text(std::string_view name, std::size_t max_bytes = kAnyLength, LongRuns* runs = nullptr);
  // A field with a Base64 twin; both at once are one too many.
  std::optional<std::string> bytes(std::string_view name, std::size_t max_bytes = kAnyLength);
  // The same, where absent leaves the value as it is. False: it is absent, or off.
  bool text_into(std::string_view name, std::string& value, std::size_t max_bytes = kAnyLength, LongRuns* runs = nullptr);
  // As it is written between its quotes; nullopt: that is shorter, or there is no text, and nothing was read.
  std::optional<std::string_view> large_text(std::string_view name, std::size_t least);
  void bytes_into(std::string_view name, std::string& value) {
    if (auto read = bytes(name)) value = *std::move(read);
  }
  std::optional<std::vector<std::string>> words(std::string_view name, std::size_t max_count);
  std::optional<std::int64_t> integer(std::string_view name, std::int64_t min, std::int64_t max);
  std::optional<bool> flag(std::string_view name);
  std::optional<Microseconds> duration(std::string_view name, Microseconds max);
  std::vector<JobId> ids(std::string_view name, std::size_t max_count);  // absent: none

  std::string required_text(std::string_view name, std::size_t max_bytes = kAnyLength);
  std::int64_t required_integer(std::string_view name, std::int64_t min, std::int64_t max);
  bool required_flag(std::string_view name);
  JobId required_id(std::string_view name) { return JobId{static_cast<std::uint64_t>(required_integer(name, 1, kMaxInteger))}; }
  std::vector<JobId> required_ids(std::string_view name, std::size_t min_count, std::size_t max_count);
  std::vector<std::string> texts(std::string_view name, std::size_t min_count, std::size_t max_count, std::size_t max_bytes);  // of each
  // nullopt when it is off, which one with more elements is, or absent where it need not be there.
  std::optional<JsonTexts> array(std::string_view name, std::size_t max_count = kAnyLength);
  std::optional<JsonText> required_object(std::string_view name);
  std::optional<JsonTexts> required_array(std::string_view name, std::size_t max_count = kAnyLength);
  std::optional<JsonText> required_array_text(std::string_view name);  // whole

  // For rules that are the caller's own.
  void reject(std::string_view name);
  bool is_good() const { return !rejected_; }
  // There are fields that were not read. Of a message that is mostly short: who knows this need not ask for each that might be there.
  bool has_more() const { return unread_ > 0; }

  // To be called last. Errors: request: invalid_argument, the text is the path alone; reply: protocol, naming the field.
  Result<void> finish();

 private:
  struct Member {
    std::string_view name;
    JsonText value;
    bool read = false;
  };
  // Marks the field as read. nullopt: absent, or null.
  std::optional<JsonText> find(std::string_view name, std::string_view suffix = {}) {
    if ((likely_ & trait(name.front(), name.size() + suffix.size())) == 0) return std::nullopt;
    return find_among(name, suffix);
  }
  std::optional<JsonText> find_among(std::string_view name, std::string_view suffix);
  // One bit of 64 by the first letter and the length: most fields that are asked for are not there, and this tells it of nearly all.
  static std::uint64_t trait(char first, std::size_t length) {
    return std::uint64_t{1} << ((static_cast<unsigned char>(first) + 7 * length) % 64);
  }
  std::vector<JobId> ids_of(std::string_view name, const std::optional<JsonTexts>& array, std::size_t min_count);
  template <class Value>
  Value required(std::string_view name, std::optional<Value> value);

  // A message has few members: they have their place in here, more of them on the heap.
  static constexpr std::size_t kUsualMembers = 8;
  alignas(Member) std::array<std::byte, kUsualMembers * sizeof(Member)> room_;
  std::pmr::monotonic_buffer_resource memory_{room_.data(), room_.size()};

  const MessageKind kind_;
  const std::string_view path_;
  std::pmr::vector<Member> members_{&memory_};               // searching them one by one beats a map
  std::uint64_t likely_ = 0;                                 // traits of the members' names
  std::size_t unread_ = 0;                                   // members that are not marked as read
  std::vector<std::unique_ptr<std::string>> escaped_names_;  // what names point to that were written with escapes
  std::optional<std::string> rejected_;
};

// The object that is a message's only field. Errors: as Fields::finish().
Result<JsonText> only_object(JsonText parameters, std::string_view name, MessageKind kind);

}  // namespace jobpool::proto
