// Fuzzes the ledger as a new broker finds it: the fuzzer writes what it likes into header, entries and heap of its memory. It is refused,
// or all that is in it can be read; and what the new broker writes on top of it, the one after it finds.
//
//   input = (step:u8 what the step reads)*    see scribble()
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "common/job/packing.hpp"
#include "daemon/broker/pool/ledger.hpp"
#include "daemon/broker/pool/ledger_layout.hpp"
#include "tests/fuzz/require.hpp"

using jobpool::fuzz::require;
using namespace jobpool;
using namespace jobpool::broker;
using namespace jobpool::broker::ledger_layout;

namespace {

// As much as the inputs can reach and a little more: the work of an input is to go through it, and to map and to clear it.
constexpr LedgerSize kSize{.entries = 64, .heap_bytes = 32 * 1024};
constexpr std::uint64_t kHeapOffset = heap_offset(kSize), kFileBytes = file_bytes(kSize);

// Plain memory, one piece for all inputs.
struct Memory {
  std::byte* const bytes = static_cast<std::byte*>(std::aligned_alloc(4096, kFileBytes));

  void wipe() const {
    std::memset(bytes, 0, kFileBytes);
    Header& header = *reinterpret_cast<Header*>(bytes);
    header.magic = kMagic;
    header.entries = kSize.entries;
    header.next_id = 100;
  }
  Entry& entry(std::uint32_t index) const { return reinterpret_cast<Entry*>(bytes + kEntriesOffset)[index]; }
  void put(std::uint64_t offset, std::string_view text) const {
    std::copy(text.begin(), text.end(), reinterpret_cast<char*>(bytes) + offset);
  }
};

// Brokers take entries in order, and a new one stops its search at a gap. What the input wrote beyond one is not read by the first broker
// and would be by the next, after entries were added: no ledger can be like that.
void clear_beyond_gap(const Memory& memory) {
  constexpr std::uint32_t kReached = 32, kGap = 3;
  std::uint32_t empty = 0;
  for (std::uint32_t i = 0; i < kReached; ++i) {
    empty = memory.entry(i).id == 0 ? empty + 1 : 0;
    if (empty >= kGap) memory.entry(i + 1) = Entry{};
  }
}

std::string_view some(packing::Reader& input, std::size_t limit) {
  return input.take(std::min({static_cast<std::size_t>(input.number<std::uint8_t>()), limit, input.left()}));
}

Block small_block(packing::Reader& input) { return {input.number<std::uint8_t>() * std::uint64_t{64}, input.number<std::uint8_t>()}; }

// An entry as a broker writes it, more or less.
void put_entry(const Memory& memory, packing::Reader& input) {
  Entry& entry = memory.entry(input.number<std::uint8_t>() % 16);
  entry.state = static_cast<EntryState>(input.number<std::uint8_t>() % 4);
  entry.flags = input.number<std::uint8_t>();
  entry.id = input.number<std::uint8_t>();
  entry.outcome = input.number<std::uint8_t>();
  entry.texts = small_block(input);
  entry.report = small_block(input);
  entry.reason = small_block(input);
  entry.result = small_block(input);
}

// False: the input is at its end.
bool scribble(const Memory& memory, packing::Reader& input) {
  const auto step = input.number<std::uint8_t>();
  if (!input.ok()) return false;
  switch (step % 5) {
    case 0:
      put_entry(memory, input);
      break;
    case 1: {  // any bytes of an entry
      const std::uint64_t at = kEntriesOffset + input.number<std::uint8_t>() % 16 * sizeof(Entry) + input.number<std::uint8_t>();
      memory.put(at, some(input, sizeof(Entry)));
      break;
    }
    case 2:  // texts, reports, results
      memory.put(kHeapOffset + input.number<std::uint8_t>() * std::uint64_t{64}, some(input, 255));
      break;
    case 3: {
      const std::uint64_t at = input.number<std::uint8_t>() % sizeof(Header);
      memory.put(at, some(input, sizeof(Header) - at));
      break;
    }
    default:  // far away
      memory.entry(40 + input.number<std::uint32_t>() % 24).id = input.number<std::uint64_t>();
  }
  return true;
}

Job a_job(std::uint64_t id) {
  Job job;
  job.id = JobId{id};
  job.key = "key";
  job.reason = "a reason";
  return job;
}

// Reads all of it. The ids, ascending.
std::vector<JobId> read_all(Ledger& ledger) {
  std::vector<JobId> ids;
  for (const auto& found : ledger.recover()) {
    require(ids.empty() || ids.back() < found.job.id, "ids are not ascending");
    require(found.job.outcome <= Outcome::poison, "an outcome that there is not");
    ids.push_back(found.job.id);
    require(found.ended || ledger.result(found.job.id).empty(), "a result of a job that has not ended");
  }
  require(ids.size() == ledger.size(), "the figures are off");
  require(ledger.heap_used() <= kSize.heap_bytes, "more of the heap is in use than there is");
  return ids;
}

// What a broker does with what it found, and with jobs of its own.
void work(Ledger& ledger, const std::vector<JobId>& ids) {
  const std::string_view piece = "0123456789";
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (i % 3 == 0) ledger.erase(ids[i]);
    if (i % 3 == 1) {
      ledger.keep_report(ids[i], std::as_bytes(std::span(piece)));
      ledger.finish(a_job(ids[i].value));
    }
    if (i % 3 == 2) ledger.add_result(ids[i], 20, 10, std::as_bytes(std::span(piece)));
  }
  const bool has_room = ledger.heap_used() + 1024 <= kSize.heap_bytes;
  const bool fit = ledger.begin(a_job(1'000'000)) && ledger.finish(a_job(1'000'001));
  require(fit || !has_room, "there is no room for two small jobs");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Memory memory;
  memory.wipe();
  packing::Reader input({reinterpret_cast<const char*>(data), size});
  while (scribble(memory, input)) {
  }
  clear_beyond_gap(memory);
  std::vector<JobId> written;
  {
    auto ledger = Ledger::over(memory.bytes, kSize);
    if (!ledger) {
      require(ledger.error().code == Errc::protocol, "another error than protocol");
      return 0;
    }
    work(*ledger, read_all(*ledger));
    written = read_all(*ledger);
  }
  auto again = Ledger::over(memory.bytes, kSize);
  require(static_cast<bool>(again), "the next broker refuses what this one took");
  require(read_all(*again) == written, "the next broker finds other jobs");
  for (const JobId id : written) again->erase(id);
  require(again->size() == 0 && again->heap_used() == 0, "erased jobs leave something behind");
  return 0;
}
