// The interface files are the protocol's documentation: they parse by Varlink's grammar, and say the same as the typed messages.
#include <nlohmann/json.hpp>

#include "proto/envelope.hpp"
#include "proto/interfaces.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/proto/interface_grammar.hpp"
#include "tests/unit/proto/samples.hpp"

using namespace std::string_literals;
using namespace jobpool;
using namespace jobpool::proto;
using nlohmann::json;

namespace {

InterfaceFile parsed_interface(std::string_view name) {
  auto file = parse_interface(interface_description(name));
  INFO((file ? "" : file.error().text));
  REQUIRE(file);
  return *std::move(file);
}

// "job", "job.umask", "pools.name": every field a message of this struct may have.
void add_paths(const InterfaceFile& file, const std::vector<InterfaceField>& fields, const std::string& prefix,
               std::set<std::string>& paths) {
  for (const InterfaceField& field : fields) {
    paths.insert(prefix + field.name);
    if (const auto inner = file.structs.find(field.type); inner != file.structs.end())
      add_paths(file, inner->second, prefix + field.name + ".", paths);
  }
}

// The same of a message.
void add_paths(const json& value, const std::string& prefix, std::set<std::string>& paths) {
  if (value.is_array())
    for (const json& element : value) add_paths(element, prefix, paths);
  if (!value.is_object()) return;
  for (const auto& [name, inner] : value.items()) {
    paths.insert(prefix + name);
    add_paths(inner, prefix + name + ".", paths);
  }
}

constexpr std::string_view kErrors[] = {error::kInterfaceNotFound, error::kMethodNotFound,   error::kMethodNotImplemented,
                                        error::kInvalidParameter,  error::kPermissionDenied, error::kExpectedMore,
                                        error::kExpectedUpgrade,   error::kNoSuchPool,       error::kPoolNotRunning,
                                        error::kQueueFull,         error::kKeyConflict,      error::kInvalidJob,
                                        error::kNoSuchJob,         error::kTimedOut,         error::kNotReady,
                                        error::kNotRunning,        error::kNoOutput,         error::kStoreFull,
                                        error::kNoSuchDependency,  error::kNotEnded,         error::kPoolStillRunning,
                                        error::kPoolExists,        error::kInvalidPool,      error::kNoSuchQueue,
                                        error::kQueueExists,       error::kNamedQueueFull,   error::kQueueEmpty,
                                        error::kQueueTimedOut,     error::kDoneTooOften,     error::kTooManyQueues,
                                        error::kTooManyWaiters,    error::kQueueStoreFull,   error::kQueueKeyConflict,
                                        error::kNoSuchProcess,     error::kProcessExists,    error::kProcessTimedOut,
                                        error::kNotRetryable,      error::kTooManyListeners, error::kReloadRefused,
                                        error::kNotBegun};

}  // namespace

TEST_CASE("the interface files follow Varlink's grammar, with comments where systemd 255 reads them") {
  for (const Interface& interface : interfaces()) {
    const InterfaceFile file = parsed_interface(interface.name);
    CHECK(file.name == interface.name);
    CHECK_FALSE(file.methods.empty());
    CHECK_FALSE(file.has_inner_comments);
    CHECK(interface.text.ends_with('\n'));
  }
}

TEST_CASE("the grammar check refuses what is no interface") {
  for (const std::string& body :
       {"method f() -> ()"s, "method F()"s, "method F() -> (x)"s, "method F(x: integer) -> ()"s, "type T (a, a)"s,
        "type T (a: int, a: int)"s, "error E"s, "type T (a b)"s, "type T (_a: int)"s, "type T (a__b: int)"s, "method F() -> (x: Missing)"s,
        "method F() -> ()\nerror F ()"s, "method F() -> () method G() -> ()"s, "garbage"s, "type T (a: int,)"s, "type T (a: ?[]int"s}) {
    INFO(body);
    CHECK_FALSE(parse_interface("interface org.example.x\n" + body + "\n"));
  }
  CHECK_FALSE(parse_interface("interface nodots\nmethod F() -> ()\n"));
  CHECK_FALSE(parse_interface("method F() -> ()\n"));
  const auto good =
      parse_interface("# c\ninterface org.example.x\n# c\nmethod F(a: ?[]T, b: [string]int) -> () # c\ntype T (timed_out, b2)\n");
  REQUIRE(good);
  CHECK_FALSE(good->has_inner_comments);
  CHECK(parse_interface("interface org.example.x\ntype T (\n  # c\n  a: int\n)\n")->has_inner_comments);
}

TEST_CASE("the messages have exactly the fields that the interface files name") {
  for (const Interface& interface : interfaces()) {
    const InterfaceFile file = parsed_interface(interface.name);
    for (const auto& [name, method] : file.methods) {
      for (const Direction direction : {Direction::request, Direction::reply}) {
        std::set<std::string> declared, used;
        add_paths(file, direction == Direction::request ? method.input : method.output, "", declared);
        for (const Sample& sample : all_samples())
          if (sample.interface == interface.name && sample.method == name && sample.direction == direction)
            add_paths(json::parse(sample.message).value("parameters", json::object()), "", used);
        INFO(interface.name << "." << name << (direction == Direction::request ? " request" : " reply"));
        CHECK(used == declared);
      }
    }
  }
}

TEST_CASE("every method has a sample request and reply, and no sample is of an unknown method") {
  std::set<std::string> declared, requests, replies;
  for (const Interface& interface : interfaces())
    for (const auto& [name, method] : parsed_interface(interface.name).methods) declared.insert(std::string(interface.name) + "." + name);
  for (const Sample& sample : all_samples())
    (sample.direction == Direction::request ? requests : replies).insert(sample.interface + "." + sample.method);
  CHECK(requests == declared);
  CHECK(replies == declared);
}

TEST_CASE("the errors in the code are those of the interface files") {
  std::set<std::string> declared;
  for (const Interface& interface : interfaces())
    for (const auto& [name, fields] : parsed_interface(interface.name).errors) declared.insert(std::string(interface.name) + "." + name);
  CHECK(std::set<std::string>(std::begin(kErrors), std::end(kErrors)) == declared);
}

TEST_CASE("the words for states and outcomes are the code's own, in each interface that has them") {
  for (const std::string_view name : {"org.jobpool.Pool", "org.jobpool.Job"}) {
    const InterfaceFile file = parsed_interface(name);
    for (const std::string& word : file.enums.at("State")) CHECK(job_state_from(word));
    for (const std::string& word : file.enums.at("Outcome")) CHECK(outcome_from(word));
    CHECK(file.enums.at("State").size() == 4);
    CHECK(file.enums.at("Outcome").size() == 8);
  }
  const InterfaceFile pool = parsed_interface("org.jobpool.Pool");
  for (const std::string& word : pool.enums.at("EventKind")) CHECK(event_kind_from(word));
  CHECK(pool.enums.at("EventKind").size() == 5);
  CHECK(parsed_interface("org.jobpool.Pool").enums.at("IfFull") == std::vector<std::string>{"fail", "block"});
}
