// Records to bytes and back. Nothing that is read is trusted: sizes are checked against what is there, and each record against those
// before.
//
//   made      id:u64 name:bytes maxsize:u64 made_usec:i64 unfinished:u64      bytes := size:u32 byte*
//   deleted   queue:u64                                                       list(x) := count:u32 x*
//   put       queue:u64 first:u64 key:bytes put_by_it:u64 list(bytes)
//   taken     queue:u64 key:bytes list(number:u64)
//   gone      queue:u64 list(number:u64)
//   returned  queue:u64 list(number:u64 text:bytes)
//   done      queue:u64 count:u64 key:bytes
//   kept      queue:u64 key:bytes count:u64
//   forgotten queue:u64 key:bytes
#include "daemon/broker/store/queue_log_format.hpp"

#include <cstring>
#include <optional>

#include "common/job/packing.hpp"

namespace jobpool::broker {
namespace {

constexpr std::uint32_t kQueueLogMagic = 0x4c51504a;  // "JPQL"
constexpr std::uint32_t kQueueLogVersion = 1;
constexpr std::size_t kSizeBytes = sizeof(std::uint32_t);

using LogWriter = packing::Writer<std::string>;
using LogReader = packing::Reader;

// Kinds are the places in QueueWrite: new ones go behind the others, or the version is another.
void pack(LogWriter& out, const QueueMade& made) {
  out.number(made.id.value);
  out.bytes(made.name);
  out.number(made.maxsize);
  out.number(made.made_usec);
  out.number(made.unfinished);
}
void pack(LogWriter& out, const QueueDeleted& deleted) { out.number(deleted.queue.value); }
void pack(LogWriter& out, const ItemsPut& put) {
  out.number(put.queue.value);
  out.number(put.first.value);
  out.bytes(put.key);
  out.number(put.put_by_it);
  out.number(static_cast<std::uint32_t>(put.items.size()));
  for (const SharedText& item : put.items) out.bytes(item);
}
void pack_numbers(LogWriter& out, const std::vector<ItemNumber>& numbers) {
  out.number(static_cast<std::uint32_t>(numbers.size()));
  for (const ItemNumber number : numbers) out.number(number.value);
}
void pack(LogWriter& out, const ItemsTaken& taken) {
  out.number(taken.queue.value);
  out.bytes(taken.key);
  pack_numbers(out, taken.items);
}
void pack(LogWriter& out, const ItemsGone& gone) {
  out.number(gone.queue.value);
  pack_numbers(out, gone.items);
}
void pack(LogWriter& out, const ItemsReturned& returned) {
  out.number(returned.queue.value);
  out.number(static_cast<std::uint32_t>(returned.items.size()));
  for (const QueueItem& item : returned.items) {
    out.number(item.number.value);
    out.bytes(item.text);
  }
}
void pack(LogWriter& out, const ItemsDone& done) {
  out.number(done.queue.value);
  out.number(done.count);
  out.bytes(done.key);
}
void pack(LogWriter& out, const CallKept& call) {
  out.number(call.queue.value);
  out.bytes(call.key);
  out.number(call.count);
}
void pack(LogWriter& out, const CallForgotten& call) {
  out.number(call.queue.value);
  out.bytes(call.key);
}

QueueId unpack_queue(LogReader& in) { return QueueId{in.number<std::uint64_t>()}; }

std::vector<ItemNumber> unpack_numbers(LogReader& in) {
  std::vector<ItemNumber> numbers;
  for (auto left = in.number<std::uint32_t>(); left > 0 && in.ok(); --left) numbers.push_back(ItemNumber{in.number<std::uint64_t>()});
  return numbers;
}

// In braces the fields are read in their order.
void unpack(LogReader& in, QueueMade& made) {
  made = QueueMade{unpack_queue(in), in.bytes(), in.number<std::uint64_t>(), false, in.number<std::int64_t>(), in.number<std::uint64_t>()};
}
void unpack(LogReader& in, QueueDeleted& deleted) { deleted.queue = unpack_queue(in); }
void unpack(LogReader& in, ItemsPut& put) {
  put = ItemsPut{unpack_queue(in), PutNumber{}, ItemNumber{in.number<std::uint64_t>()}, {}, in.bytes(), in.number<std::uint64_t>()};
  for (auto left = in.number<std::uint32_t>(); left > 0 && in.ok(); --left) put.items.emplace_back(in.bytes());
}
void unpack(LogReader& in, ItemsTaken& taken) { taken = ItemsTaken{unpack_queue(in), in.bytes(), unpack_numbers(in)}; }
void unpack(LogReader& in, ItemsGone& gone) { gone = ItemsGone{unpack_queue(in), unpack_numbers(in)}; }
void unpack(LogReader& in, ItemsReturned& returned) {
  returned.queue = unpack_queue(in);
  for (auto left = in.number<std::uint32_t>(); left > 0 && in.ok(); --left)
    returned.items.push_back(QueueItem{ItemNumber{in.number<std::uint64_t>()}, in.bytes()});
}
void unpack(LogReader& in, ItemsDone& done) { done = ItemsDone{unpack_queue(in), in.number<std::uint64_t>(), in.bytes()}; }
void unpack(LogReader& in, CallKept& call) { call = CallKept{unpack_queue(in), in.bytes(), in.number<std::uint64_t>()}; }
void unpack(LogReader& in, CallForgotten& call) { call = CallForgotten{unpack_queue(in), in.bytes()}; }

template <std::size_t At = 0>
std::optional<QueueWrite> unpack_record(std::size_t kind, LogReader& in) {
  if constexpr (At < std::variant_size_v<QueueWrite>) {
    if (kind != At) return unpack_record<At + 1>(kind, in);
    std::variant_alternative_t<At, QueueWrite> record;
    unpack(in, record);
    if (!in.finished()) return std::nullopt;
    return record;
  }
  return std::nullopt;
}

}  // namespace

void append_queue_log_header(std::string& out, std::uint64_t instance) {
  LogWriter writer(out);
  writer.number(kQueueLogMagic);
  writer.number(kQueueLogVersion);
  writer.number(instance);
}

void append_queue_record(std::string& out, const QueueWrite& write) {
  const std::size_t begin = out.size();
  LogWriter writer(out);
  writer.number(std::uint32_t{0});
  writer.number(static_cast<std::uint8_t>(write.index()));
  std::visit([&](const auto& record) { pack(writer, record); }, write);
  const auto size = static_cast<std::uint32_t>(out.size() - begin - kSizeBytes);
  std::memcpy(out.data() + begin, &size, sizeof size);
}

ReadQueueLog read_queue_log(std::string_view bytes, std::uint64_t instance) {
  ReadQueueLog read;
  LogReader in(bytes);
  const auto magic = in.number<std::uint32_t>(), version = in.number<std::uint32_t>();
  if (in.number<std::uint64_t>() != instance || !in.ok() || magic != kQueueLogMagic || version != kQueueLogVersion) {
    read.how = ReadQueueLog::How::other_instance;
    return read;
  }
  read.used_bytes = kQueueLogHeaderBytes;
  while (in.left() >= kSizeBytes) {
    const auto size = in.number<std::uint32_t>();
    if (size > in.left()) break;
    LogReader record(in.take(size));
    const auto kind = record.number<std::uint8_t>();
    const auto write = unpack_record(kind, record);
    if (!write || !read.queues.apply(*write)) {
      read.how = ReadQueueLog::How::damaged;
      return read;
    }
    read.used_bytes += kSizeBytes + size;
  }
  return read;
}

}  // namespace jobpool::broker
