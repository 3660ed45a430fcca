// What makes a submission another one, and what does not: of a command's surroundings only what its caller meant. Also for keys whose
// fingerprints were taken by earlier versions.
#include <fcntl.h>

#include "daemon/broker/rpc/fingerprint.hpp"
#include "daemon/broker/rpc/members_environment.hpp"
#include "tests/unit/broker/rpc/jobs.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

constexpr const char* kConflict = "org.jobpool.Pool.KeyConflict";
const nlohmann::json kJob1 = {{"id", 1}};  // a conflict names it too, and the key

// As `jobpool --unique k --env A=… make`, run in a shell of that level.
std::string made_in_shell(const std::string& level, const std::string& named = R"("A=b")", const std::string& more = "") {
  return R"({"job":{"command":["make"],"cwd":"/srv","durable":false,"key":"k","environment":["SHLVL=)" + level + R"(","LANG=C",)" + named +
         R"(],"inherited":2)" + more + "}}";
}

// Job 1, which an earlier version accepted, of root, whose environment no daemon changes.
void accept_earlier(House& house, std::uint64_t fingerprint) {
  Submit earlier;
  earlier.mode = Mode::apply_async;
  earlier.uid = 0;
  earlier.key = "k";
  earlier.spec_hash = fingerprint;
  earlier.flags.durable = true;
  house.broker->engine.tell(std::move(earlier));
  house.turn();
  house.commit();
}

// Root's call with three descriptors: the error it ends with, or that job 1 is what was asked for.
std::string known_as(House& house, const std::string& method, const std::string& parameters) {
  auto call = std::make_shared<FakeCall>("org.jobpool.Pool." + method, parameters, method == "Apply");
  call->peer = {0, 0, 1};
  if (method == "Apply")
    for (int stream = 0; stream < 3; ++stream) call->fds.emplace_back(::open("/dev/null", O_RDWR | O_CLOEXEC));
  house.broker->verbs.handle(call);
  house.turn();
  house.commit();
  house.turn();
  std::string known = call->error_name;
  if (known.empty()) known = parsed(call->continued.empty() ? call->parameters : call->continued.front()).dump();
  call->hang_up();
  return known;
}

}  // namespace

TEST_CASE("a variable that its caller merely had makes no other submission and one that was named does") {
  // The bug: the same command in another terminal, or in a unit's next run, was a conflict.
  House house(0);
  CHECK(parsed(submit(house, made_in_shell("1"))->parameters) == kJob1);
  CHECK(parsed(submit(house, made_in_shell("2"))->parameters) == kJob1);
  CHECK(submit(house, made_in_shell("1", R"("A=c")"))->error_name == kConflict);
  CHECK(submit(house, made_in_shell("1", R"("A=b","B=c")"))->error_name == kConflict);
  // With these variables and no others it is another one: the same program may do something else.
  CHECK(submit(house, R"({"job":{"command":["make"],"cwd":"/srv","durable":false,"key":"k","environment":["A=b"]}})")->error_name ==
        kConflict);
}

TEST_CASE("whoever does not say what is inherited means all of it") {
  House house(0);
  const std::string all = R"({"job":{"command":["make"],"durable":false,"key":"k","environment":["SHLVL=1"]}})";
  CHECK(parsed(submit(house, all)->parameters) == kJob1);
  CHECK(parsed(submit(house, all)->parameters) == kJob1);
  CHECK(submit(house, R"({"job":{"command":["make"],"durable":false,"key":"k","environment":["SHLVL=2"]}})")->error_name == kConflict);
}

TEST_CASE("what the command gets is all of its environment") {
  House house(0);
  submit(house, made_in_shell("1"));
  const Job* job = house.broker->engine.core().find(JobId{1});
  REQUIRE(job != nullptr);
  CHECK(std::string_view{job->payload}.find("SHLVL=1") != std::string_view::npos);
  CHECK(std::string_view{job->payload}.find("A=b") != std::string_view::npos);
}

TEST_CASE("descriptors make no other submission") {
  // The bug: apply, apply --json and apply-async of the same command under one key were conflicts.
  proto::Submission job;
  job.command = {"make"};
  const std::uint64_t without = hash_of(job);
  job.stdin_index = 0;
  CHECK(hash_of(job) == without);
  job.stdout_index = job.stderr_index = 1;
  CHECK(hash_of(job) == without);
}

TEST_CASE("fingerprints of before inherited variables and descriptors were left out are known") {
  constexpr std::uint64_t kWhole = 0xc401c6d1d61684cdU, kWithStreams = 0xb9c8c6602c45eeafU, kNamedOnly = 0x364c5bc7ba9c0eb7U;
  proto::Submission job;
  job.command = {"make"};
  job.cwd = "/srv";
  job.environment = {"A=b"};
  CHECK(hash_of(job) == kNamedOnly);
  job.environment = {"SHLVL=1", "LANG=C", "A=b"};
  CHECK(hash_of(job) == kWhole);
  job.inherited = 2;
  CHECK(hash_of(job) != kWhole);
  CHECK(hash_of(job) != kNamedOnly);
  CHECK(hash_of(job, FingerprintsOf::whole_environments) == kWhole);
  job.stdin_index = 0;
  job.stdout_index = 1;
  job.stderr_index = 2;
  CHECK(hash_of(job, FingerprintsOf::whole_environments) == kWithStreams);

  House house(0);
  accept_earlier(house, kWhole);
  CHECK(known_as(house, "ApplyAsync", made_in_shell("1")) == R"({"id":1})");
  CHECK(known_as(house, "ApplyAsync", made_in_shell("2")) == kConflict);  // that version had it so
  House other(0);
  accept_earlier(other, kWithStreams);
  CHECK(known_as(other, "Apply", made_in_shell("1", R"("A=b")", R"(,"stdin":0,"stdout":1,"stderr":2)")) == R"({"id":1})");
}

TEST_CASE("a batch of commands has its key for what was named and is known by the fingerprint of an earlier version") {
  const auto batch = [](const std::string& level) {
    return R"({"job":{"command":["make"],"key":"k","environment":["SHLVL=)" + level +
           R"(","A=b"],"inherited":1},"chunks":["[[\"make\",\"a\"]]","[[\"make\",\"b\"]]"]})";
  };
  House house(0);
  const std::string id = known_as(house, "Map", batch("1"));
  CHECK(id == R"({"id":3})");  // behind its chunks
  CHECK(known_as(house, "Map", batch("2")) == id);

  proto::Submission job;
  job.command = {"make"};
  job.environment = {"SHLVL=1", "A=b"};  // all of it, as it was counted
  std::uint64_t hash = hash_of(job);
  for (const char* chunk : {R"([["make","a"]])", R"([["make","b"]])"}) hash = hash_of_chunk(hash, chunk);
  House earlier(0);
  accept_earlier(earlier, hash);
  CHECK(known_as(earlier, "Map", batch("1")) == R"({"id":1})");
}

TEST_CASE("of a member's environment as much is inherited as is left of what was") {
  proto::Submission job;
  job.environment = {"LD_PRELOAD=x", "PATH=/bin", "HOME=/home/eve", "SHLVL=1", "LANG=C", "IFS=x"};
  job.inherited = 4;
  keep_to_account(job, std::vector<std::string>{"HOME=/srv/pool"});
  CHECK(*job.environment == std::vector<std::string>{"PATH=/bin", "SHLVL=1", "LANG=C", "HOME=/srv/pool"});
  CHECK(job.inherited == 2);
}
