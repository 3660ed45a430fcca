// All benches of the program: each is one source file of its name, with its options at the top.
#pragma once

namespace jobpool::bench {

// Returns the program's exit code; ends it by itself when there is nothing to measure any more (give_up).
using Bench = int (*)(int argc, char** argv);

int apply_latency(int argc, char** argv);
int async_rate(int argc, char** argv);
int commands(int argc, char** argv);
int connections(int argc, char** argv);
int copy_tree(int argc, char** argv);
int durable_submit(int argc, char** argv);
int idle(int argc, char** argv);
int isolation(int argc, char** argv);
int map_rate(int argc, char** argv);
int million_queued(int argc, char** argv);
int noop_calls(int argc, char** argv);
int payload(int argc, char** argv);
int queue_items(int argc, char** argv);
int queue_words(int argc, char** argv);
int recovery(int argc, char** argv);
int scale(int argc, char** argv);
int store_commit(int argc, char** argv);
int verb_processes(int argc, char** argv);

}  // namespace jobpool::bench
