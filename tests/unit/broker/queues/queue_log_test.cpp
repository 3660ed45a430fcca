// What outlives the broker of queues that are not durable: read as it was written, wherever the writer died.
#include "daemon/broker/store/queue_log.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "daemon/broker/store/queue_log_format.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/file_size_limit.hpp"
#include "tests/support/store/queues_text.hpp"
#include "tests/support/temp_dir.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using jobpool::testing::FileSizeLimit;
using jobpool::testing::TempDir;
using jobpool::testing::text_of;

namespace {

std::vector<QueueWrite> history() {
  const QueueId mail{3};
  return {QueueMade{mail, "mail", 100, false, 1'700'000'000'000'000, 0},
          QueueMade{QueueId{4}, "other", 0, false, 2, 0},
          ItemsPut{mail, PutNumber{1}, ItemNumber{1}, {"\"a\"", "2", "3", "4"}, "k", 4},
          ItemsTaken{mail, "consumer", {ItemNumber{1}, ItemNumber{2}}},
          ItemsTaken{mail, "", {ItemNumber{3}}},
          ItemsReturned{mail, {{ItemNumber{3}, "3"}}},
          ItemsDone{mail, 1, "done"},
          CallKept{mail, "kept", 9},
          CallForgotten{mail, "k"},
          ItemsTaken{mail, "another", {ItemNumber{4}}},
          ItemsGone{mail, {ItemNumber{4}}},
          QueueDeleted{QueueId{4}}};
}

std::string sum_of(const std::vector<QueueWrite>& writes) {
  StoredQueues queues;
  for (const QueueWrite& write : writes) REQUIRE(queues.apply(write));
  return text_of(queues.all());
}

QueueLog opened(const TempDir& dir, std::uint64_t instance = 7) {
  auto log = QueueLog::open(dir.path(), instance);
  REQUIRE(log);
  return std::move(*log);
}

std::string found(QueueLog& log) {
  const auto read = log.read();
  REQUIRE(read);
  CHECK(read->damage.empty());
  return text_of(read->queues);
}

std::string bytes_of(const std::string& path) {
  std::ostringstream all;
  all << std::ifstream(path, std::ios::binary).rdbuf();
  return all.str();
}

}  // namespace

TEST_CASE("a log is read as it was written, and can be written on") {
  const TempDir dir;
  std::vector<QueueWrite> so_far;
  for (const QueueWrite& write : history()) {
    QueueLog log = opened(dir);
    CHECK(found(log) == sum_of(so_far));
    REQUIRE(log.append(write));
    so_far.push_back(write);
  }
  QueueLog log = opened(dir);
  CHECK(found(log) == sum_of(history()));
  CHECK(found(log) == "3 mail 100 1700000000000000 3: 3=3 [consumer 1=\"a\" 2=2] (done 1) (kept 9)\n");
}

TEST_CASE("a record cut short is as if it had never been, wherever it was cut") {
  const TempDir dir;
  std::vector<std::pair<std::uint64_t, std::string>> wholes;  // sizes, and what they hold
  {
    QueueLog log = opened(dir);
    found(log);
    std::vector<QueueWrite> so_far;
    wholes.emplace_back(log.size(), "");
    for (const QueueWrite& write : history()) {
      REQUIRE(log.append(write));
      so_far.push_back(write);
      wholes.emplace_back(log.size(), sum_of(so_far));
    }
  }
  const std::string all = bytes_of(dir.file("queues.log"));
  REQUIRE(all.size() == wholes.back().first);
  for (std::size_t size = wholes.front().first; size <= all.size(); ++size) {
    std::ofstream(dir.file("queues.log"), std::ios::binary) << all.substr(0, size);
    QueueLog log = opened(dir);
    const auto before = std::find_if(wholes.rbegin(), wholes.rend(), [&](const auto& one) { return one.first <= size; });
    REQUIRE(found(log) == before->second);
    REQUIRE(log.size() == before->first);
    REQUIRE(std::filesystem::file_size(dir.file("queues.log")) == before->first);
  }
}

TEST_CASE("the log of another life of the daemon is thrown away") {
  const TempDir dir;
  {
    QueueLog log = opened(dir, 1);
    found(log);
    REQUIRE(log.append(history().front()));
  }
  QueueLog log = opened(dir, 2);
  CHECK(found(log).empty());
  REQUIRE(log.append(history().front()));
  QueueLog again = opened(dir, 2);
  CHECK(found(again) == sum_of({history().front()}));
}

TEST_CASE("a log that cannot be understood is moved away, never written over") {
  const TempDir dir;
  std::string bytes;
  append_queue_log_header(bytes, 7);
  append_queue_record(bytes, ItemsDone{QueueId{9}, 1, ""});  // of a queue that was never made
  std::ofstream(dir.file("queues.log"), std::ios::binary) << bytes;
  QueueLog log = opened(dir);
  const auto read = log.read();
  REQUIRE(read);
  CHECK_FALSE(read->damage.empty());
  CHECK(read->queues.empty());
  CHECK(bytes_of(dir.file("queues.log.damaged")) == bytes);
  REQUIRE(log.append(history().front()));
  QueueLog again = opened(dir);
  CHECK(found(again) == sum_of({history().front()}));
}

TEST_CASE("a log written anew holds the same, in less") {
  const TempDir dir;
  QueueLog log = opened(dir);
  found(log);
  REQUIRE(log.append(history().front()));
  const SharedText item = std::string(1'000, '1');
  std::uint64_t number = 0;
  for (int round = 0; round < 5'000; ++round) {
    REQUIRE(log.append(ItemsPut{QueueId{3}, PutNumber{1}, ItemNumber{++number}, {item}, "", 1}));
    if (number > 3) REQUIRE(log.append(ItemsTaken{QueueId{3}, "", {ItemNumber{number - 3}}}));
  }
  CHECK(log.is_worth_rewriting());
  QueueLog reader = opened(dir);
  const auto before = reader.read();
  REQUIRE(before);
  REQUIRE(before->queues.front().items.size() == 3);
  REQUIRE(log.rewrite(before->queues));
  CHECK(log.size() < 4'000);
  CHECK_FALSE(log.is_worth_rewriting());
  REQUIRE(log.append(ItemsDone{QueueId{3}, 1, ""}));
  QueueLog after = opened(dir);
  const auto read = after.read();
  REQUIRE(read);
  CHECK(read->queues.front().items.size() == 3);
  CHECK(read->queues.front().made.unfinished == before->queues.front().made.unfinished - 1);
}

// It was compared with the items in the queues: with a large one on its way to a consumer each turn wrote the log anew.
TEST_CASE("a log that has just been written anew is not worth it again, whatever it holds") {
  const TempDir dir;
  QueueLog log = opened(dir);
  found(log);
  REQUIRE(log.append(history().front()));
  REQUIRE(log.append(ItemsPut{QueueId{3}, PutNumber{1}, ItemNumber{1}, {std::string(5 << 20, '1')}, "", 1}));
  REQUIRE(log.append(ItemsTaken{QueueId{3}, "consumer", {ItemNumber{1}}}));
  CHECK(log.is_worth_rewriting());
  QueueLog reader = opened(dir);
  const auto read = reader.read();
  REQUIRE(read);
  CHECK_FALSE(reader.is_worth_rewriting());
  REQUIRE(log.rewrite(read->queues));
  CHECK_FALSE(log.is_worth_rewriting());
  REQUIRE(log.append(ItemsReturned{QueueId{3}, {{ItemNumber{1}, std::string(6 << 20, '1')}}}));
  CHECK(log.is_worth_rewriting());
}

TEST_CASE("a full disk keeps nobody from beginning") {
  const TempDir dir;
  std::optional<FileSizeLimit> none(0);
  QueueLog log = opened(dir);
  const auto read = log.read();
  const auto made = log.append_later(history().front());
  none.reset();
  REQUIRE(read);
  CHECK_FALSE(made);
  REQUIRE(log.append(history()[1]));
  QueueLog again = opened(dir);
  CHECK(found(again) == sum_of({history()[0], history()[1]}));
}

TEST_CASE("what could not be written is refused or waits, and nothing is half there") {
  const TempDir dir;
  QueueLog log = opened(dir);
  found(log);
  const auto all = history();
  for (std::size_t i = 0; i < 3; ++i) REQUIRE(log.append(all[i]));
  std::optional<FileSizeLimit> none(log.size() + 10);
  const auto put = log.append(ItemsPut{QueueId{3}, PutNumber{2}, ItemNumber{5}, {"\"refused\""}, "", 1});
  const auto taken = log.append_later(all[3]);
  none.reset();
  CHECK_FALSE(put);
  CHECK_FALSE(taken);
  {
    QueueLog reader = opened(dir);
    CHECK(found(reader) == sum_of({all[0], all[1], all[2]}));
  }
  REQUIRE(log.append(all[4]));
  QueueLog reader = opened(dir);
  CHECK(found(reader) == sum_of({all[0], all[1], all[2], all[3], all[4]}));
}

// They waited in memory without bound.
TEST_CASE("when too much could not be written, the log takes nothing until it is written anew") {
  const TempDir dir;
  QueueLog log = opened(dir);
  found(log);
  REQUIRE(log.append(history().front()));
  const std::uint64_t size = log.size();
  StoredQueue mail;
  mail.made = std::get<QueueMade>(history().front());
  {
    const FileSizeLimit none(10);
    const ItemsReturned large{QueueId{3}, {{ItemNumber{1}, std::string(9 << 20, '1')}}};
    CHECK_FALSE(log.append_later(large));
    CHECK_FALSE(log.is_worth_rewriting());
    CHECK_FALSE(log.append_later(large));
    CHECK(log.is_worth_rewriting());
    CHECK_FALSE(log.rewrite({mail}));
  }
  const auto behind = log.append(history()[6]);
  REQUIRE_FALSE(behind);
  CHECK(behind.error().code == Errc::full);
  CHECK(log.size() == size);
  REQUIRE(log.rewrite({mail}));
  REQUIRE(log.append(history()[2]));
  QueueLog again = opened(dir);
  CHECK(found(again) == sum_of({history()[0], history()[2]}));
}

// A part of it that could not be written was forgotten when the next one could be, and what had a hole took the place of the log.
TEST_CASE("a log that had no room for a moment is not written anew, also where there was room for the rest") {
  const TempDir dir;
  QueueLog log = opened(dir);
  found(log);
  StoredQueue mail;
  mail.made = std::get<QueueMade>(history().front());
  for (std::uint64_t number = 1; number <= 3; ++number) mail.items.push_back({ItemNumber{number}, std::string(1 << 20, '1')});
  REQUIRE(log.rewrite({mail}));
  {
    const FileSizeLimit momentary(1 << 19);
    // Room is made by the first write that finds none.
    const auto make_room = [](int) {
      rlimit limit{};
      ::getrlimit(RLIMIT_FSIZE, &limit);
      limit.rlim_cur = limit.rlim_max;
      ::setrlimit(RLIMIT_FSIZE, &limit);
    };
    std::signal(SIGXFSZ, make_room);
    CHECK_FALSE(log.rewrite({mail}));
  }
  QueueLog reader = opened(dir);
  const auto read = reader.read();
  REQUIRE(read);
  REQUIRE(read->queues.size() == 1);
  REQUIRE(read->queues.front().items.size() == 3);
  for (const QueueItem& item : read->queues.front().items) CHECK(item.text == std::string_view(mail.items.front().text));
}

// The fuzzer found it: written anew, such a log could not be read any more.
TEST_CASE("an item that is put while it is with a consumer is damage") {
  StoredQueues queues;
  for (const QueueWrite& write : history()) REQUIRE(queues.apply(write));
  CHECK_FALSE(queues.apply(ItemsPut{QueueId{3}, PutNumber{1}, ItemNumber{1}, {"1"}, "", 1}));
}

TEST_CASE("queues put down as records and added up again are the same") {
  StoredQueues queues;
  for (const QueueWrite& write : history()) REQUIRE(queues.apply(write));
  StoredQueues again;
  for (const StoredQueue& queue : queues.all())
    for (const QueueWrite& record : records_of(queue)) REQUIRE(again.apply(record));
  CHECK(text_of(again.all()) == text_of(queues.all()));
}
