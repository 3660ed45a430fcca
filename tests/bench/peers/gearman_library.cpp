// See gearman_library.hpp. A job counts as done when its function has returned; that the server is told so comes after, in gearmand's
// favour.
#include "tests/bench/peers/gearman_library.hpp"

#include <libgearman/gearman.h>

#include <cstdlib>

#include "tests/bench/figures.hpp"
#include "tests/bench/peers/consumers.hpp"

namespace jobpool::bench {
namespace {

constexpr char kLoopback[] = "127.0.0.1";

struct FreeGearman {
  void operator()(gearman_client_st* client) const { gearman_client_free(client); }
  void operator()(gearman_worker_st* worker) const { gearman_worker_free(worker); }
};
using LibraryClient = std::unique_ptr<gearman_client_st, FreeGearman>;
using LibraryWorker = std::unique_ptr<gearman_worker_st, FreeGearman>;

// What a worker runs. `one_done`: what Consumers gave it.
gearman_return_t do_nothing(gearman_job_st*, void* one_done) {
  (*static_cast<const std::function<void()>*>(one_done))();
  return GEARMAN_SUCCESS;
}

[[noreturn]] void work_by_library(std::uint16_t port, const std::function<void()>& one_done) {
  const LibraryWorker worker(gearman_worker_create(nullptr));
  const gearman_function_t function = gearman_function_create(&do_nothing);
  void* const context = const_cast<std::function<void()>*>(&one_done);
  if (!worker || gearman_worker_add_server(worker.get(), kLoopback, port) != GEARMAN_SUCCESS ||
      gearman_worker_define_function(worker.get(), kGearmanFunction, sizeof(kGearmanFunction) - 1, function, 0, context) != GEARMAN_SUCCESS)
    give_up("a worker of libgearman");
  // For ever, whatever one turn returns: Consumers ends it.
  for (;;) gearman_worker_work(worker.get());
}

LibraryClient client_of(std::uint16_t port) {
  LibraryClient client(gearman_client_create(nullptr));
  if (!client || gearman_client_add_server(client.get(), kLoopback, port) != GEARMAN_SUCCESS) give_up("a client of libgearman");
  return client;
}

class InstalledLibrary : public GearmanLibrary {
 public:
  InstalledLibrary(const std::string& program, const std::string& folder, Gearmand::Queue queue, int workers)
      : server_(program, folder, queue),
        workers_(workers, [this](const std::function<void()>& one_done) { work_by_library(server_.port(), one_done); }),
        client_(client_of(server_.port())) {}

  void call() override {
    std::size_t result_bytes = 0;
    gearman_return_t outcome = GEARMAN_SUCCESS;
    std::free(gearman_client_do(client_.get(), kGearmanFunction, nullptr, kGearmanPayload.data(), kGearmanPayload.size(), &result_bytes,
                                &outcome));
    check(outcome);
  }

  void run(long jobs) override {
    workers_.expect(jobs);
    gearman_job_handle_t handle;
    for (long left = jobs; left > 0; --left)
      check(gearman_client_do_background(client_.get(), kGearmanFunction, nullptr, kGearmanPayload.data(), kGearmanPayload.size(), handle));
    workers_.wait();
  }

 private:
  void check(gearman_return_t outcome) const {
    if (outcome != GEARMAN_SUCCESS) give_up(std::string("a client of libgearman: ") + gearman_client_error(client_.get()));
  }

  Gearmand server_;
  Consumers workers_;
  LibraryClient client_;
};

}  // namespace

std::unique_ptr<GearmanLibrary> GearmanLibrary::start(const std::string& folder, Gearmand::Queue queue, int workers) {
  const std::string program = Gearmand::find_program();
  return program.empty() ? nullptr : std::make_unique<InstalledLibrary>(program, folder, queue, workers);
}

}  // namespace jobpool::bench
