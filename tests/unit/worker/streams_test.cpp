// Where a command's output goes and its input comes from.
#include <sys/stat.h>

#include "tests/unit/worker/setup.hpp"

namespace jobpool::worker {
namespace {

TEST_CASE("output is kept in two files that only their owner can read") {
  Setup setup;
  CommandSpec spec = command({"sh", "-c", "echo to out; echo to err >&2"});
  spec.umask = 0;
  CHECK(setup.run(spec).report.code == 0);
  CHECK(setup.out() == "to out\n");
  CHECK(setup.err() == "to err\n");
  struct stat status {};
  REQUIRE(::stat(setup.file("7.1.out").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
}

TEST_CASE("an output file that is there already is not overwritten, nor is a link followed") {
  Setup setup;
  std::ofstream(setup.file("7.1.out")) << "of another time";
  const auto ended = setup.run(command({"echo", "new"}));
  CHECK(ended.report.ending == Ending::not_started);
  CHECK(ended.report.code == 125);
  CHECK(ended.report.reason.find("7.1.out") != std::string::npos);
  CHECK(setup.out() == "of another time");
  setup.attempt.number = 2;
  REQUIRE(::symlink("/dev/null", setup.file("7.2.err").c_str()) == 0);
  CHECK(setup.run(command({"true"})).report.ending == Ending::not_started);
}

TEST_CASE("passed descriptors become the streams they were passed for") {
  Setup setup;
  Pipe in, err;
  CommandSpec spec = command({"sh", "-c", "read line; echo \"got $line\" >&2; echo kept"});
  spec.passes_stdin = true;
  spec.passes_stderr = true;
  REQUIRE(::write(in.writing.get(), "food\n", 5) == 5);
  std::vector<UniqueFd> passed;
  passed.push_back(std::move(in.reading));
  passed.push_back(std::move(err.writing));
  CHECK(setup.run(spec, std::move(passed)).report.code == 0);
  CHECK(read_to_end(err.reading.get()) == "got food\n");
  CHECK(setup.out() == "kept\n");
}

TEST_CASE("a reader sees the end of a passed stream while the command still runs") {
  Setup setup;
  Pipe out, go_on;
  CommandSpec spec = command({"sh", "-c", "echo line; exec >&-; read wait"});
  spec.passes_stdin = true;
  spec.passes_stdout = true;
  std::vector<UniqueFd> passed;
  passed.push_back(std::move(go_on.reading));
  passed.push_back(std::move(out.writing));
  std::string seen;
  // Lets the command go on only after it has seen the end of its stdout: would the worker hold it open, this would wait for ever.
  std::thread reader([&] {
    seen = read_to_end(out.reading.get());
    go_on.writing.reset();
  });
  setup.run(spec, std::move(passed));
  reader.join();
  CHECK(seen == "line\n");
}

TEST_CASE("another number of descriptors than announced is refused, and they are closed") {
  Setup setup;
  Pipe pipe;
  CommandSpec spec = command({"true"});
  spec.passes_stdin = true;
  spec.passes_stdout = true;
  std::vector<UniqueFd> passed;
  passed.push_back(std::move(pipe.writing));
  const auto ended = setup.run(spec, std::move(passed));
  CHECK(ended.report.ending == Ending::not_started);
  CHECK(ended.report.code == 125);
  CHECK(read_to_end(pipe.reading.get()).empty());
}

TEST_CASE("stdin is empty unless a file is named") {
  Setup setup;
  std::string out;
  setup.run(command({"cat"}), out);
  CHECK(out.empty());
  std::ofstream(setup.file("input")) << "from a file";
  CommandSpec spec = command({"cat"});
  spec.stdin_file = setup.file("input");
  setup.run(spec, out);
  CHECK(out == "from a file");
  spec.cwd = setup.file("");
  spec.stdin_file = "input";
  setup.run(spec, out);
  CHECK(out == "from a file");
  spec.stdin_file = "/no/such/input";
  const auto ended = setup.run(spec);
  CHECK(ended.report.code == 125);
  CHECK(ended.report.reason == "stdin file '/no/such/input': No such file or directory");
}

TEST_CASE("a FIFO without a writer as stdin is refused, and does not hold the worker") {
  // The bug: the job read its end at once and succeeded, and who wrote to it later was lost.
  Setup setup;
  REQUIRE(::mkfifo(setup.file("fifo").c_str(), 0600) == 0);
  CommandSpec spec = command({"cat"});
  spec.stdin_file = setup.file("fifo");
  const auto refused = setup.run(spec).report;
  CHECK(refused.ending == Ending::not_started);
  CHECK(refused.code == 125);
  CHECK(refused.reason.find("a FIFO that nobody writes to") != std::string::npos);
  UniqueFd writing(::open(setup.file("fifo").c_str(), O_RDWR | O_CLOEXEC));  // which does not wait for a reader
  REQUIRE(::write(writing.get(), "from a FIFO", 11) == 11);
  spec.argv = {"head", "-c", "11"};
  std::string out;
  setup.run(spec, out);
  CHECK(out == "from a FIFO");
}

}  // namespace
}  // namespace jobpool::worker
