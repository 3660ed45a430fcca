// The C++ wrapper: typed arguments, results and errors, through the example plugin as a user would build it.
#include <thread>

#include "tests/unit/worker/functions.hpp"

namespace jobpool::worker {
namespace {

TEST_CASE("typed functions take typed arguments and return JSON") {
  Functions functions({EXAMPLE_PLUGIN});
  CHECK(functions.answer("cube", "[3]") == "27");
  CHECK(functions.answer("add", "[1, 2.5]") == "3.5");
  CHECK(functions.answer("join", R"([["a","b"],"-"])") == "\"a-b\"");
  CHECK(functions.answer("word_count", R"(["a b a"])") == R"({"a":2,"b":1})");
  CHECK(functions.answer("nothing") == "null");
  CHECK(functions.answer("primes_below", "[100]") == "25");
}

TEST_CASE("a parameter of type json takes anything") {
  Functions functions({EXAMPLE_PLUGIN});
  CHECK(functions.answer("size", "[[1,2,3]]") == "3");
  CHECK(functions.answer("size", R"([{"a":1}])") == "1");
  CHECK(functions.answer("size", "[null]") == "0");
}

TEST_CASE("an optional parameter may be left out or null") {
  Functions functions({EXAMPLE_PLUGIN});
  CHECK(functions.answer("join", R"([["a","b"]])") == "\"a b\"");
  CHECK(functions.answer("join", R"([["a","b"],null])") == "\"a b\"");
}

TEST_CASE("the wrong number of arguments says how many it takes") {
  Functions functions({EXAMPLE_PLUGIN});
  CHECK(functions.answer("cube", "[]") == "ArgumentError: takes 1 argument, 0 were given");
  CHECK(functions.answer("add", "[1]") == "ArgumentError: takes 2 arguments, 1 was given");
  CHECK(functions.answer("join", "[]") == "ArgumentError: takes 1 to 2 arguments, 0 were given");
  CHECK(functions.answer("nothing", "[1]") == "ArgumentError: takes 0 arguments, 1 was given");
  CHECK(functions.answer("cube", "7") == "ArgumentError: the arguments are not a JSON array");
  CHECK(functions.answer("cube", "[7") == "ArgumentError: the arguments are not a JSON array");
}

TEST_CASE("an argument of the wrong type is named and shown, and never bent to fit") {
  Functions functions({EXAMPLE_PLUGIN});
  CHECK(functions.answer("cube", "[2.5]") == "TypeError: argument 1: must be an integer, not 2.5");
  CHECK(functions.answer("cube", R"(["2"])") == "TypeError: argument 1: must be an integer, not \"2\"");
  CHECK(functions.answer("cube", "[true]") == "TypeError: argument 1: must be an integer, not true");
  CHECK(functions.answer("cube", "[1180591620717411303424]") == "TypeError: argument 1: must be an integer, not 1.1805916207174113e+21");
  CHECK(functions.answer("cube", "[9223372036854775808]") ==
        "TypeError: argument 1: must be an integer within its type's range, not 9223372036854775808");
  CHECK(functions.answer("add", R"([1,"x"])") == "TypeError: argument 2: must be a number, not \"x\"");
  CHECK(functions.answer("join", R"(["a"])") == "TypeError: argument 1: must be an array, not string");
  CHECK(functions.answer("join", R"([["a",1]])") == "TypeError: argument 1: must be a string, not 1");
}

TEST_CASE("an exception fails the job with its type and text") {
  Functions functions({EXAMPLE_PLUGIN, PROBE_PLUGIN});
  CHECK(functions.answer("divide", "[1,0]") == "std::domain_error: division by zero");
  CHECK(functions.answer("throw_int").starts_with("unknown exception: "));
  CHECK(functions.answer("leaks_exception") == "std::out_of_range: it got out");
  CHECK(functions.answer("cube", "[2]") == "8");
}

TEST_CASE("a function that ends its thread ends that, and the process goes on") {
  // The bug: the wrapper caught what unwinds the thread, with all else that may be thrown, and the C library aborted the process.
  Functions functions({PROBE_PLUGIN});
  bool has_returned = false;
  std::thread([&] {
    functions.call("end_thread");
    has_returned = true;
  }).join();
  CHECK_FALSE(has_returned);
}

TEST_CASE("a long function is stopped by asking") {
  Functions functions({EXAMPLE_PLUGIN});
  functions.setup.order(control::OrderKind::stop);
  CHECK(functions.answer("primes_below", "[1000000000000]").starts_with("Stopped: stopped at "));
}

TEST_CASE("statics are kept between calls in one worker") {
  Functions functions({EXAMPLE_PLUGIN});
  const long first = std::stol(functions.answer("calls_in_this_worker"));
  CHECK(functions.answer("calls_in_this_worker") == std::to_string(first + 1));
}

TEST_CASE("two plugins made with the wrapper do not share their registries") {
  FunctionTable table;
  REQUIRE(load_plugin(EXAMPLE_PLUGIN, table));
  REQUIRE(load_plugin(PROBE_PLUGIN, table));
  CHECK(table.find("cube")->source == EXAMPLE_PLUGIN);
  CHECK(table.find("look")->source == PROBE_PLUGIN);
}

}  // namespace
}  // namespace jobpool::worker
