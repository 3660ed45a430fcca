// A program that has a job pool work for it: functions and commands, many at a time, errors as exceptions, and a queue.
#include <jobpool/client.hpp>

#include <iostream>
#include <string>
#include <vector>

namespace {

void map_squares(const jobpool::Pool& pool) {
  for (const long square : pool.map<long>("square", std::vector{1, 2, 3})) std::cout << square << '\n';
}

void run_command(const jobpool::Pool& pool) {
  const jobpool::AsyncResult job = pool.apply_async(jobpool::Command{.argv = {"sh", "-c", "echo from a job; exit 3"}});
  const jobpool::CommandResult result = job.get_command();
  std::cout << result.standard_output << "exit code " << result.exit_code.value_or(-1) << '\n';
}

void catch_error(const jobpool::Pool& pool) {
  try {
    pool.apply("square", "seven");
  } catch (const jobpool::JobFailed& error) {
    std::cout << error.type() << '\n';
  }
}

void pass_item(const jobpool::Client& client) {
  const jobpool::Queue mail = client.create_queue("mail");
  mail.put("hello");
  std::cout << mail.get<std::string>() << '\n';
}

}  // namespace

int main() {
  try {
    const jobpool::Client client;
    map_squares(client.pool());
    run_command(client.pool());
    catch_error(client.pool());
    pass_item(client);
  } catch (const jobpool::ClientError& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
