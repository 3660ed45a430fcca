// What a command's environment becomes when a member of the access group sends it, and that nobody else's is touched.
#include "daemon/broker/rpc/members_environment.hpp"

#include <unistd.h>

#include "tests/support/catch.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

const std::vector<std::string> kSent{
    "LD_PRELOAD=/tmp/x.so", "PATH=/bin", "HOME=/home/eve", "BASH_ENV=/tmp/x", "BASH_FUNC_ls%%=() { evil; }", "LANG=C",
    "LDFLAGS=-O2",          "USER=eve",  "IFS=x",          "PYTHONPATH=/tmp", "GLIBC_TUNABLES=x=y",          "A=LD_PRELOAD=b"};

}  // namespace

TEST_CASE("what steers programs is dropped from a member's environment, and whose session it is becomes the account's") {
  const std::vector<std::string> account{"PATH=/usr/bin", "HOME=/srv/pool", "USER=pool", "LOGNAME=pool", "SHELL=/bin/sh", "LANG=de"};
  CHECK(members_environment(kSent, account) == std::vector<std::string>{"PATH=/bin", "LANG=C", "LDFLAGS=-O2", "A=LD_PRELOAD=b",
                                                                        "HOME=/srv/pool", "USER=pool", "LOGNAME=pool", "SHELL=/bin/sh"});
  CHECK(steers_programs("LD_AUDIT"));
  CHECK(steers_programs("GCONV_PATH"));
  CHECK(steers_programs("XDG_RUNTIME_DIR"));
  CHECK_FALSE(steers_programs("LD"));
  CHECK_FALSE(steers_programs("TZ"));
}

TEST_CASE("only members' environments are changed") {
  const auto becomes = [](uid_t uid, std::optional<std::vector<std::string>> sent) {
    proto::Submission job;
    job.environment = std::move(sent);
    keep_to_account(job, Peer{uid, uid, 1});
    return job.environment;
  };
  CHECK(becomes(::getuid(), kSent) == kSent);
  CHECK(becomes(0, kSent) == kSent);
  const auto members = becomes(::getuid() + 1, kSent);
  REQUIRE(members);
  CHECK(members->front() == "PATH=/bin");
  CHECK(becomes(::getuid() + 1, std::nullopt) == std::nullopt);
}
