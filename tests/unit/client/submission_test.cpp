// What a command takes along from its caller.
#include "client/lib/submission.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/unique_fd.hpp"
#include "jobpool/client.hpp"
#include "jobpool/errors.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

using namespace jobpool;
using namespace jobpool::testing;

namespace {

std::string exception_of_command() {
  try {
    Client("/tmp/no/such/jobpool").pool().apply(Command{.argv = {"true"}});
  } catch (const ConnectionLost& lost) {
    return std::string("lost: ") + lost.what();
  } catch (const ClientError& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("a command whose caller's current directory is gone is an error that says so") {
  // The bug: it was ConnectionLost, as if there were no daemon.
  const TempDir folder;
  const std::string gone = folder.file("gone");
  const UniqueFd before{::open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  REQUIRE(before);
  REQUIRE(::mkdir(gone.c_str(), 0700) == 0);
  REQUIRE(::chdir(gone.c_str()) == 0);
  CHECK(::rmdir(gone.c_str()) == 0);
  const Result<std::string> here = client::current_directory();
  const std::string told = exception_of_command();
  REQUIRE(::fchdir(before.get()) == 0);
  REQUIRE_FALSE(here);
  CHECK(here.error().code == Errc::io);
  CHECK(told.starts_with("the current directory: "));
}
