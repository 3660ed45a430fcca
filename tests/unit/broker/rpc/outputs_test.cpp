// The files that commands wrote their output to.
#include "daemon/broker/rpc/outputs.hpp"

#include <fcntl.h>

#include <filesystem>
#include <fstream>

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using jobpool::testing::TempDir;

namespace {

Outputs outputs_in(const TempDir& dir) { return Outputs{UniqueFd{::open(dir.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)}}; }

void write(const TempDir& dir, const std::string& name) { std::ofstream(dir.file(name)) << name; }

bool has(const TempDir& dir, const std::string& name) { return std::filesystem::exists(dir.file(name)); }

}  // namespace

TEST_CASE("the output of all attempts goes with its job") {
  // The bug: a job that had been tried again left the output of its earlier attempts behind for ever.
  const TempDir dir;
  for (const char* name : {"7.1.out", "7.1.err", "7.2.out", "70.1.out"}) write(dir, name);
  outputs_in(dir).remove(JobId{7}, 2);
  for (const char* name : {"7.1.out", "7.1.err", "7.2.out"}) CHECK_FALSE(has(dir, name));
  CHECK(has(dir, "70.1.out"));
}

TEST_CASE("output that belongs to nobody any more is removed, other files are left alone") {
  const TempDir dir;
  for (const char* name :
       {"7.1.out", "8.1.out", "8.12.err", "8.1.log", "8.out", "08.1.out", "8.-1.out", "notes", "99999999999999999999.1.out"})
    write(dir, name);
  REQUIRE(outputs_in(dir).remove_strays([](JobId job) { return job == JobId{7}; }));
  for (const char* name : {"8.1.out", "8.12.err"}) CHECK_FALSE(has(dir, name));
  for (const char* name : {"7.1.out", "8.1.log", "8.out", "08.1.out", "8.-1.out", "notes", "99999999999999999999.1.out"})
    CHECK(has(dir, name));
}
