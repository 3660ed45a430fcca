// jobpool queue: items between jobs and clients.
#include <sys/wait.h>

#include <fstream>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/wait_until.hpp"

using namespace jobpool::testing;

namespace {

json shown(const Daemon& daemon, const std::string& name) { return json::parse(daemon.run({"queue", "show", name, "--json"}).out); }

Finished queue(const Daemon& daemon, std::vector<std::string> words) {
  words.insert(words.begin(), "queue");
  return daemon.run(std::move(words));
}

}  // namespace

TEST_CASE("queue create makes a queue once, bounded or not, and --exist-ok takes one that is alike") {
  Daemon daemon;
  CHECK(queue(daemon, {"create", "mail", "--maxsize", "3"}).exit_code == 0);
  const Finished again = queue(daemon, {"create", "mail"});
  CHECK(again.exit_code == 125);
  CHECK(again.err.find("queue 'mail': exists already") != std::string::npos);
  CHECK(queue(daemon, {"create", "mail", "--maxsize", "3", "--exist-ok"}).exit_code == 0);
  CHECK(queue(daemon, {"create", "mail", "--maxsize", "4", "--exist-ok"}).exit_code == 125);
  CHECK(queue(daemon, {"create", "no name"}).exit_code == 2);
  CHECK(queue(daemon, {"create"}).exit_code == 2);
  CHECK(shown(daemon, "mail")["maxsize"] == 3);
}

TEST_CASE("queue get takes items, first in, first out") {
  Daemon daemon;
  queue(daemon, {"create", "mail"});
  CHECK(queue(daemon, {"put", "mail", R"({"to": 7})", "hello", "[1]"}).exit_code == 0);
  CHECK(queue(daemon, {"get", "mail"}).out == "{\"to\": 7}\n");
  CHECK(queue(daemon, {"get", "mail", "-n", "5"}).out == "\"hello\"\n[1]\n");
  CHECK(daemon.run({"queue", "put", "mail"}, "1\ntwo words\n").exit_code == 0);
  CHECK(queue(daemon, {"get", "mail", "-n", "5", "--raw"}).out == "1\ntwo words\n");
  queue(daemon, {"put", "mail", "7"});
  CHECK(queue(daemon, {"get", "mail", "--json"}).out == "{\"items\":[\"7\"]}\n");
}

TEST_CASE("queue put of a full queue and queue get of an empty one wait, or exit with 75") {
  Daemon daemon;
  queue(daemon, {"create", "mail", "--maxsize", "1"});
  for (const auto& how : {std::vector<std::string>{"--no-wait"}, {"--timeout", "50ms"}}) {
    std::vector<std::string> words = {"get", "mail"};
    words.insert(words.end(), how.begin(), how.end());
    const Finished empty = queue(daemon, words);
    CHECK(empty.exit_code == 75);
    CHECK(empty.out.empty());
    CHECK(empty.err.find("queue 'mail': empty") != std::string::npos);
  }
  queue(daemon, {"put", "mail", "1"});
  for (const auto& how : {std::vector<std::string>{"--no-wait"}, {"--timeout", "50ms"}}) {
    std::vector<std::string> words = {"put", "mail", "2"};
    words.insert(words.end(), how.begin(), how.end());
    const Finished full = queue(daemon, words);
    CHECK(full.exit_code == 75);
    CHECK(full.err.find("queue 'mail': full") != std::string::npos);
  }
  CHECK(queue(daemon, {"get", "mail", "--no-wait", "--timeout", "1s"}).exit_code == 2);
  Child putter = daemon.start({"queue", "put", "mail", "2"});
  REQUIRE(wait_until([&] { return shown(daemon, "mail")["putters"] == 1; }));
  CHECK(queue(daemon, {"get", "mail"}).out == "1\n");
  CHECK(putter.finish().exit_code == 0);
  CHECK(queue(daemon, {"get", "mail"}).out == "2\n");
  Child getter = daemon.start({"queue", "get", "mail"});
  REQUIRE(wait_until([&] { return shown(daemon, "mail")["getters"] == 1; }));
  queue(daemon, {"put", "mail", "3"});
  CHECK(getter.finish().out == "3\n");
}

TEST_CASE("queue full answers by exit code") {
  Daemon daemon;
  queue(daemon, {"create", "mail", "--maxsize", "1"});
  CHECK(queue(daemon, {"full", "mail"}).exit_code == 1);
  queue(daemon, {"put", "mail", "1"});
  CHECK(queue(daemon, {"full", "mail"}).exit_code == 0);
  CHECK(queue(daemon, {"full", "none"}).exit_code == 125);
}

TEST_CASE("queue empty answers by exit code") {
  Daemon daemon;
  queue(daemon, {"create", "mail"});
  CHECK(queue(daemon, {"empty", "mail"}).exit_code == 0);
  queue(daemon, {"put", "mail", "1"});
  const Finished empty = queue(daemon, {"empty", "mail", "--json"});
  CHECK(empty.exit_code == 1);
  CHECK(empty.out == "{\"empty\":false}\n");
}

TEST_CASE("queue size, or queue qsize, prints how many items there are") {
  Daemon daemon;
  queue(daemon, {"create", "mail"});
  queue(daemon, {"put", "mail", "1", "2"});
  CHECK(queue(daemon, {"size", "mail"}).out == "2\n");
  CHECK(queue(daemon, {"qsize", "mail"}).out == "2\n");
  CHECK(queue(daemon, {"size", "none"}).exit_code == 125);
}

TEST_CASE("queue done, or queue task_done or queue task-done, says that so many items are dealt with, and no more than were put") {
  Daemon daemon;
  queue(daemon, {"create", "mail"});
  queue(daemon, {"put", "mail", "1", "2", "3"});
  for (const char* alias : {"done", "task_done", "task-done"}) CHECK(queue(daemon, {alias, "mail"}).exit_code == 0);
  CHECK(shown(daemon, "mail")["unfinished"] == 0);
  CHECK(queue(daemon, {"done", "mail"}).exit_code == 125);
}

TEST_CASE("queue join waits for as many queue dones as items were put") {
  Daemon daemon;
  queue(daemon, {"create", "mail"});
  CHECK(queue(daemon, {"join", "mail"}).exit_code == 0);
  queue(daemon, {"put", "mail", "1", "2"});
  const Finished late = queue(daemon, {"join", "mail", "--timeout", "50ms"});
  CHECK(late.exit_code == 124);
  CHECK(late.err.find("2 tasks not done") != std::string::npos);
  Child joiner = daemon.start({"queue", "join", "mail"});
  REQUIRE(wait_until([&] { return shown(daemon, "mail")["joiners"] == 1; }));
  CHECK(queue(daemon, {"done", "mail"}).exit_code == 0);
  CHECK(queue(daemon, {"done", "mail", "-n", "2"}).exit_code == 125);
  CHECK(queue(daemon, {"done", "mail", "--json"}).out == "{\"unfinished\":0}\n");
  CHECK(joiner.finish().exit_code == 0);
}

TEST_CASE("queue delete, or queue remove, tells everybody who waits there") {
  Daemon daemon;
  queue(daemon, {"create", "mail", "--maxsize", "1"});
  Child getter = daemon.start({"queue", "get", "mail"});
  REQUIRE(wait_until([&] { return shown(daemon, "mail")["getters"] == 1; }));
  CHECK(queue(daemon, {"delete", "mail"}).exit_code == 0);
  const Finished told = getter.finish();
  CHECK(told.exit_code == 125);
  CHECK(told.err.find("queue 'mail': no such queue") != std::string::npos);
  CHECK(queue(daemon, {"remove", "mail"}).exit_code == 125);
  queue(daemon, {"create", "mail"});
  CHECK(queue(daemon, {"remove", "mail"}).exit_code == 0);
}

TEST_CASE("queue show tells what is known of a queue") {
  Daemon daemon;
  queue(daemon, {"create", "letters", "--durable"});
  queue(daemon, {"put", "letters", "1", "2"});
  const json letters = shown(daemon, "letters");
  CHECK(letters["size"] == 2);
  CHECK(letters["durable"] == true);
  CHECK(queue(daemon, {"show", "letters"}).out.find("2, unbounded") != std::string::npos);
  CHECK(queue(daemon, {"show", "none"}).exit_code == 125);
}

TEST_CASE("queue list, or queue ls, has a line for each queue") {
  Daemon daemon;
  queue(daemon, {"create", "mail", "--maxsize", "5"});
  queue(daemon, {"create", "letters", "--durable"});
  queue(daemon, {"put", "letters", "1", "2"});
  CHECK(queue(daemon, {"ls"}).out.find("letters") != std::string::npos);
  const Finished table = queue(daemon, {"list"});
  CHECK(table.out.find("letters     2") != std::string::npos);
  CHECK(table.out.find("mail        0        5") != std::string::npos);
}

TEST_CASE("queue without a verb, and with one that is none, is a usage error") {
  Daemon daemon;
  CHECK(queue(daemon, {}).exit_code == 2);
  const Finished unknown = queue(daemon, {"nothing"});
  CHECK(unknown.exit_code == 2);
  CHECK(unknown.err.find("jobpool queue --help") != std::string::npos);
  for (const char* verb : {"create", "put", "get", "full", "empty", "size", "done", "join", "delete", "list", "show"}) {
    const Finished help = queue(daemon, {verb, "--help"});
    CHECK(help.exit_code == 0);
    CHECK(help.out.find("\nExample: jobpool queue ") != std::string::npos);
  }
}

TEST_CASE("a job uses queues as everybody else does, and is waiting while it waits there") {
  Daemon daemon;
  queue(daemon, {"create", "mail"});
  const std::string getter = daemon.submit({"--", program("jobpool"), "queue", "get", "mail"});
  REQUIRE(wait_until([&] { return daemon.job(getter)["state"] == "waiting"; }));
  CHECK(daemon.job(getter)["waitingFor"] == "an item in queue 'mail'");
  CHECK(daemon.status()["pools"][0]["waiting"] == 1);
  CHECK(daemon.status()["pools"][0]["running"] == 0);
  CHECK(daemon.run({"list", "--state", "waiting"}).out.find("waiting for an item in queue 'mail'") != std::string::npos);
  const std::string putter = daemon.submit({"--", program("jobpool"), "queue", "put", "mail", "7"});
  CHECK(daemon.run({"get", getter}).out == "7\n");
  CHECK(daemon.run({"get", putter}).exit_code == 0);
  CHECK(daemon.job(getter)["state"] == "done");
}

TEST_CASE("a job that is cancelled while it waits at a queue takes nothing from it") {
  Daemon daemon;
  queue(daemon, {"create", "mail"});
  const std::string getter = daemon.submit({"--", program("jobpool"), "queue", "get", "mail"});
  REQUIRE(wait_until([&] { return daemon.job(getter)["state"] == "waiting"; }));
  CHECK(daemon.run({"cancel", getter}).exit_code == 0);
  REQUIRE(wait_until([&] { return shown(daemon, "mail")["getters"] == 0; }));
  queue(daemon, {"put", "mail", "1"});
  CHECK(queue(daemon, {"size", "mail"}).out == "1\n");
}

TEST_CASE("a broker that dies takes no queue along, and who waits there does not notice") {
  Daemon daemon;
  queue(daemon, {"create", "mail", "--maxsize", "2"});
  queue(daemon, {"create", "letters", "--durable"});
  queue(daemon, {"put", "mail", "1", "2"});
  queue(daemon, {"put", "letters", "1"});
  Child putter = daemon.start({"queue", "put", "mail", "3"}), getter = daemon.start({"queue", "get", "letters", "-n", "2"});
  CHECK(getter.finish().out == "1\n");
  Child waiting = daemon.start({"queue", "get", "letters"});
  REQUIRE(wait_until([&] { return shown(daemon, "mail")["putters"] == 1 && shown(daemon, "letters")["getters"] == 1; }));
  const pid_t broker = daemon.broker_pid();
  REQUIRE(::kill(broker, SIGKILL) == 0);
  REQUIRE(wait_until([&] { return shown(daemon, "mail")["putters"] == 1 && shown(daemon, "letters")["getters"] == 1; }));
  CHECK(daemon.broker_pid() != broker);
  CHECK(queue(daemon, {"get", "mail", "-n", "2"}).out == "1\n2\n");
  CHECK(putter.finish().exit_code == 0);
  CHECK(queue(daemon, {"get", "mail"}).out == "3\n");
  queue(daemon, {"put", "letters", "2"});
  CHECK(waiting.finish().out == "2\n");
}

TEST_CASE("a durable queue survives everything, another ends with its daemon") {
  Daemon daemon;
  queue(daemon, {"create", "mail"});
  queue(daemon, {"create", "letters", "--durable", "--maxsize", "9"});
  queue(daemon, {"put", "letters", "1", "2", "3"});
  CHECK(queue(daemon, {"get", "letters"}).out == "1\n");
  queue(daemon, {"done", "letters"});
  SECTION("its host dies") { daemon.kill_everything(); }
  SECTION("it is stopped") { daemon.stop(); }
  daemon.start_again();
  const json letters = shown(daemon, "letters");
  CHECK(letters["size"] == 2);
  CHECK(letters["maxsize"] == 9);
  CHECK(letters["unfinished"] == 2);
  CHECK(queue(daemon, {"get", "letters", "-n", "9"}).out == "2\n3\n");
  const Finished gone = queue(daemon, {"get", "mail", "--no-wait"});
  CHECK(gone.exit_code == 125);
  CHECK(gone.err.find("no such queue") != std::string::npos);
}

TEST_CASE("an item whose consumer cannot read it stays in the queue") {
  Daemon daemon;
  queue(daemon, {"create", "mail"});
  // More than a socket holds: the answer cannot be handed over whole to somebody who does not read.
  const std::string large = "\"" + std::string(8 << 20, 'x') + "\"";
  VarlinkClient producer = daemon.connect();
  producer.call("org.jobpool.Queue.Put", {{"name", "mail"}, {"items", {large, "2"}}});
  {
    VarlinkClient consumer = daemon.connect();
    consumer.send("org.jobpool.Queue.Get", {{"name", "mail"}});
    REQUIRE(wait_until([&] { return shown(daemon, "mail")["taken"] == 1; }));
  }
  REQUIRE(wait_until([&] { return shown(daemon, "mail")["taken"] == 0; }));
  const json again = producer.call("org.jobpool.Queue.Get", {{"name", "mail"}, {"count", 2}});
  CHECK(again["items"][0].get<std::string>().size() == large.size());
}

// Two numbers that contradicted each other were told of lines that did not all find room.
TEST_CASE("queue put of lines that do not all find room tells one number") {
  Daemon daemon;
  queue(daemon, {"create", "mail", "--maxsize", "3"});
  const Finished full = daemon.run({"queue", "put", "mail", "--no-wait"}, "1\n2\n3\n4\n5\n");
  CHECK(full.exit_code == 75);
  CHECK(full.err == "jobpool: queue 'mail': full (3 put); try again later\n");
  std::string lines;
  for (int i = 0; i < 2'500; ++i) lines += std::to_string(i) + "\n";
  queue(daemon, {"create", "larger", "--maxsize", "1500"});  // a thousand lines are one call
  CHECK(daemon.run({"queue", "put", "larger", "--no-wait"}, lines).err == "jobpool: queue 'larger': full (1500 put); try again later\n");
  CHECK(daemon.run({"queue", "put", "nosuch"}, "1\n").err.find("before") == std::string::npos);
}

TEST_CASE("queue put of a line that no item can be is a usage error where nothing was put") {
  Daemon daemon;
  queue(daemon, {"create", "mail"});
  const Finished large = daemon.run({"queue", "put", "mail"}, std::string(17'000'000, 'a') + "\n");
  CHECK(large.exit_code == 2);
  CHECK(large.err.find("line 1: an item has at most 16 MiB") != std::string::npos);
  const Finished zero = daemon.run({"queue", "put", "mail"}, std::string("a\0b\n", 4));
  CHECK(zero.exit_code == 2);
  CHECK(zero.err.find("\\u0000") != std::string::npos);  // that it was not UTF-8 was said
  CHECK(daemon.run({"queue", "put", "mail"}, "\"a\\u0000b\"\n").exit_code == 0);
}

// What was read before a bad line was dropped, and the line had no number; live input was held back until there was much of it.
TEST_CASE("queue put takes lines as they come, and a bad one costs none of those before it") {
  Daemon daemon;
  queue(daemon, {"create", "mail"});
  const Finished bad = daemon.run({"queue", "put", "mail"}, "1\n2\n\xff\n3\n");
  CHECK(bad.exit_code == 125);
  CHECK(bad.err.find("line 3: ") != std::string::npos);
  CHECK(bad.err.find("(2 lines before were put)") != std::string::npos);
  CHECK(shown(daemon, "mail")["size"] == 2);
  const Gate more(daemon.file("more"));
  Invocation call{.argv = {"sh", "-c", "{ echo a; echo b; " + more.wait() + "; echo c; } | \"$0\" --socket \"$1\" queue put mail",
                           program("jobpool"), daemon.socket()}};
  Child putting(std::move(call));
  CHECK(wait_until([&] { return shown(daemon, "mail")["size"] == 4; }));
  more.open();
  CHECK(putting.finish().exit_code == 0);
  CHECK(shown(daemon, "mail")["size"] == 5);
}

TEST_CASE("a connection that closes with answers held behind an earlier call gives the items back, and costs the broker nothing") {
  // The bug: the item of the second Get went to the third, of the same connection, which was about to be closed: the broker died of that,
  // and the item with it. And then: it went from each to the next, and was written down each time.
  Daemon daemon;
  queue(daemon, {"create", "empty"});
  queue(daemon, {"create", "mail"});
  const std::string item(100'000, '7');
  REQUIRE(daemon.run({"queue", "put", "mail"}, item).exit_code == 0);
  const json broker = daemon.hello()["brokerPid"];
  const auto written = [&] {
    std::ifstream io("/proc/" + broker.dump() + "/io");
    for (std::string word; io >> word;)
      if (long bytes = 0; word == "wchar:" && io >> bytes) return bytes;
    return -1L;
  };
  {
    VarlinkClient consumer = daemon.connect();
    std::string calls = call_text("org.jobpool.Queue.Get", {{"name", "empty"}});
    for (int get = 0; get <= 500; ++get) calls += call_text("org.jobpool.Queue.Get", {{"name", "mail"}});
    REQUIRE(consumer.write(calls));
    REQUIRE(wait_until([&] { return shown(daemon, "mail")["getters"] == 500; }));
    CHECK(shown(daemon, "mail")["taken"] == 1);
  }
  const long before = written();
  CHECK(wait_until([&] { return shown(daemon, "mail")["size"] == 1; }));
  CHECK(written() - before < 10'000'000);
  CHECK(queue(daemon, {"get", "mail", "--no-wait", "--raw"}).out == item + "\n");
  CHECK(daemon.hello()["brokerPid"] == broker);
}
