// jobpool: the command line of the job pool.
#include "client/cli/command_line.hpp"
#include "client/cli/standard_streams.hpp"

int main(int argc, char** argv) {
  jobpool::cli::occupy_standard_streams();
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  jobpool::cli::Context context;
  return jobpool::cli::run_program(context, words);
}
