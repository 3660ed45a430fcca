// Requests with more members or elements than any may have: what they are refused as, and what reading them takes.
#include <fstream>
#include <functional>
#include <string>

#include "proto/apply_all_messages.hpp"
#include "proto/fields.hpp"
#include "proto/messages.hpp"
#include "proto/queue_messages.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/checked_json.hpp"

using namespace jobpool;
using namespace jobpool::proto;

namespace {

constexpr std::size_t kMessageBytes = 8u << 20;  // a third of the largest, which takes a third of the time

// `begin`, `each` as often as it takes to fill a message, and `end`.
std::string filled(std::string_view begin, std::string_view each, std::string_view end) {
  std::string text(begin);
  text.reserve(kMessageBytes + each.size() + end.size());
  while (text.size() < kMessageBytes) text += each;
  return text.append(end);
}

std::size_t kilobytes(std::string_view name) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (word == name && status >> word) return std::stoul(word);
  return 0;
}

// What it takes of memory beyond what there is, at its worst.
std::size_t mebibytes_for(const std::function<void()>& work) {
  std::ofstream("/proc/self/clear_refs") << 5;  // the largest so far is forgotten
  const std::size_t before = kilobytes("VmHWM:");
  work();
  return (kilobytes("VmHWM:") - before) / 1024;
}

template <class Read>
std::string refused_cheaply(const std::string& text, Read read) {
  const JsonText parameters = checked(text);
  std::string path;
  CHECK(mebibytes_for([&] {
          const auto request = read(parameters);
          path = request ? "" : request.error().text;
        }) < 24);
  return path;
}

}  // namespace

// Each member was kept before the first was asked for: five million of them took 3.4 s and 765 MB of the broker, from one message.
TEST_CASE("not all members are kept of an object with more than any request has") {
  const std::string nameless = filled(R"({"":0)", R"(,"":0)", "}"), unknown = filled(R"({"":0)", R"(,"a\n":0)", "}");
  CHECK(refused_cheaply(nameless, read_list) == "parameters");
  CHECK(refused_cheaply(nameless, read_wait) == "ids");
  CHECK(refused_cheaply(unknown, read_list) == "parameters");
  CHECK(refused_cheaply("{\"job\":" + nameless + "}", read_submit) == "job.function");
  CHECK(refused_cheaply("{\"job\":{}," + nameless.substr(1), read_submit) == "parameters");
}

TEST_CASE("a request with too many members is off by one of its first and a reply is not") {
  const auto with_members = [](std::size_t count) {
    std::string text = R"({"id":1)";
    for (std::size_t i = 1; i < count; ++i) text += ",\"x" + std::to_string(i) + "\":0";
    return text + R"(,"id":2})";
  };
  for (const std::size_t count : {Fields::kMaxMembers - 2, Fields::kMaxMembers, 2 * Fields::kMaxMembers}) {
    const std::string text = with_members(count);
    Fields request(checked(text), MessageKind::request);
    CHECK(request.required_id("id").value > 0);
    CHECK(request.finish().error().text == (count < Fields::kMaxMembers ? "id" : "x1"));
    Fields reply(checked(text), MessageKind::reply);
    (void)reply.required_id("id");
    CHECK_FALSE(reply.finish());  // it is there twice, however far behind
  }
}

// The whole array was made before its size was looked at.
TEST_CASE("not all elements are kept of an array with more than a request takes") {
  CHECK(refused_cheaply(filled(R"({"ids":[1)", ",1", "]}"), read_wait) == "ids");
  CHECK(refused_cheaply(filled(R"({"name":"a","items":["1")", R"(,"1")", "]}"), read_queue_put) == "items");
  CHECK(refused_cheaply(filled(R"({"job":{"function":"a"},"chunks":["")", R"(,"")", "]}"), read_map) == "chunks");
  CHECK(refused_cheaply(filled(R"({"job":{"function":"a"},"chunks":[0)", ",0", "]}"), read_apply_all) == "chunks");
  CHECK(refused_cheaply(filled(R"({"job":{"command":[0)", ",0", "]}}"), read_submit) == "job.command");
  CHECK(refused_cheaply(filled(R"({"job":{"function":"a","after":[0)", ",0", "]}}"), read_submit) == "job.after");
}

TEST_CASE("the first elements of an array can be had without the others") {
  const JsonText array = checked("[1,2,3]");
  CHECK(array.elements(0).empty());
  CHECK(array.elements(2).size() == 2);
  CHECK(array.elements(3).size() == 3);
  CHECK(array.elements(4).size() == 3);
}
