// Holds the house to one definition of each class, and the search for them to examples of what it must find.
#include "tests/unit/house/one_definition.hpp"

#include "tests/support/catch.hpp"

using jobpool::house::defined_twice;
using jobpool::house::Source;

TEST_CASE("no two classes have the same name") {
  // The bug: jobpool::broker::Refusals was one class of the server and another of the store. Had the compiler not put their destructors in
  // place, the linker would have taken one for both. (Only g++ -flto tells: -Wodr.)
  std::string all;
  for (const std::string& finding : defined_twice(jobpool::house::read_sources(JOBPOOL_SOURCE_DIR))) all += "\n" + finding;
  INFO(all);
  CHECK(all.empty());
}

TEST_CASE("two classes of one name are found, wherever they are") {
  const auto in = [](const char* path, const char* space, const char* line) {
    return Source{path, {std::string("namespace ") + space + " {", line, std::string("}  // namespace ") + space}};
  };
  const Source one = in("a.hpp", "jobpool::broker", "class Refusals {");
  CHECK(defined_twice({one, in("b.hpp", "jobpool::broker", "struct Refusals final : Base {")}) ==
        std::vector<std::string>{"jobpool::broker::Refusals: a.hpp:2, b.hpp:2"});
  CHECK(defined_twice({one, in("b.cpp", "jobpool::broker", "enum class Refusals { some, all };")}).size() == 1);
  CHECK(defined_twice({one, in("b.hpp", "jobpool::client", "class Refusals {")}).empty());
  CHECK(defined_twice({one, in("b.hpp", "jobpool::broker", "class Refusals;")}).empty());
  CHECK(defined_twice({one, in("b.cpp", "jobpool::broker", "struct Refusals::Open {")}).empty());
  CHECK(
      defined_twice({one, Source{"b.cpp", {"namespace jobpool::broker {", "namespace {", "class Refusals {", "}  // namespace"}}}).empty());
}
