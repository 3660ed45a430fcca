// What the tests of SqliteStore share: a state directory, a store in it, and records with little in them.
#pragma once

#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "daemon/broker/store/sqlite_store.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/store/stored_text.hpp"
#include "tests/support/store/told.hpp"
#include "tests/support/temp_dir.hpp"

namespace jobpool::testing {

using Words = std::vector<std::string>;

inline broker::JobRecord job(std::uint64_t id, const std::string& key = "") {
  broker::JobRecord record;
  record.id = JobId{id};
  record.key = key;
  record.payload = "work";
  return record;
}

inline broker::JobEnd end(std::uint64_t id, const std::string& result = "") {
  return broker::JobEnd{JobId{id}, Outcome::succeeded, 5, "", result};
}

inline broker::StoreOptions options_in(const TempDir& dir) {
  broker::StoreOptions options;
  options.state_dir = dir.path();
  return options;
}

// Open, and loaded unless told otherwise.
inline std::unique_ptr<broker::SqliteStore> opened(const broker::StoreOptions& options) {
  auto store = broker::SqliteStore::open(options);
  if (!store) FAIL(store.error().text);
  return std::move(*store);
}

inline std::unique_ptr<broker::SqliteStore> loaded(const broker::StoreOptions& options) {
  auto store = opened(options);
  const auto jobs = store->load();
  if (!jobs) FAIL(jobs.error().text);
  return store;
}

// What is on the disk, seen by a store that is opened for it. Requires: no other has it open.
inline std::string text_in(const broker::StoreOptions& options) { return text_of(*opened(options)); }

inline void commit(broker::Store& store, broker::StoreBatch batch) {
  Told told;
  store.commit(std::move(batch));
  REQUIRE(collect_all(store, told));
  if (told.has("failed")) FAIL(told.failure.text);
}

inline std::string content_of(const std::string& path) {
  std::ostringstream all;
  all << std::ifstream(path, std::ios::binary).rdbuf();
  return all.str();
}

}  // namespace jobpool::testing
