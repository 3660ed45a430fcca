// Columns for people.
#include "client/cli/table.hpp"

#include <sys/ioctl.h>

#include "tests/support/catch.hpp"
#include "tests/support/pty.hpp"

using namespace jobpool::cli;

TEST_CASE("columns are as wide as their widest cell, and the last one is never padded") {
  Table table;
  table.column("id", Table::Align::right);
  table.column("state");
  table.column("job");
  table.row({{"7"}, {"running"}, {"true"}});
  table.row({{"1234"}, {"ready"}, {"echo a b"}});
  CHECK(table.text() ==
        "  id  state    job\n"
        "   7  running  true\n"
        "1234  ready    echo a b\n");
}

TEST_CASE("width is counted in characters") {
  Table table;
  table.column("name");
  table.column("n", Table::Align::right);
  table.row({{"\u00e4\u00f6\u00fc\u00df\u00e9"}, {"1"}});
  table.row({{"abc"}, {"22"}});
  CHECK(table.text() == "name    n\n\u00e4\u00f6\u00fc\u00df\u00e9   1\nabc    22\n");
}

TEST_CASE("of the last column a terminal gets what it has room for and at least one character") {
  // The bug: where the others left no room it was written whole; at 60 columns a line of `jobpool list` had 220 characters.
  const jobpool::testing::Pty terminal;
  const auto row_at = [&terminal](unsigned short columns) {
    winsize size{};
    size.ws_col = columns;
    REQUIRE(::ioctl(terminal.user_side(), TIOCSWINSZ, &size) == 0);
    Table table;
    table.column("state");
    table.column("job");
    table.row({{"running"}, {"sleep 10"}});
    const std::string text = table.text(terminal.user_side());
    return text.substr(text.find('\n') + 1);
  };
  CHECK(row_at(80) == "running  sleep 10\n");
  CHECK(row_at(12) == "running  sl…\n");
  CHECK(row_at(9) == "running  …\n");
  CHECK(row_at(3) == "running  …\n");
}

TEST_CASE("a job's name cannot write to the terminal") {
  CHECK(printable("a\x1b[31mb\n\x7f") == "a\\x1b[31mb\\x0a\\x7f");
  CHECK(printable("gr\u00fcn") == "gr\u00fcn");
  CHECK(printable("\xc2\x9b"
                  "31m\xc2\xa0\xc2") == "\\xc2\\x9b31m\xc2\xa0\xc2");  // as ESC [, to many terminals
}
