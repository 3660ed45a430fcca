// Values of maps, of what comes after others, and of retries, for the samples. See samples.hpp.
#include "tests/unit/proto/samples.hpp"

namespace jobpool::proto {

Submission chunk_of_map() {
  Submission job;
  job.function = "thumbnail";
  job.items = R"([["a.jpg",64],["就绪.jpg"],[]])";
  return job;
}

MapRequest full_map() {
  MapRequest request;
  request.job.function = "thumbnail";
  request.job.key = "5d41402abc4b2a76b9719d911017c592";
  request.job.retries = 2;
  request.chunks = {R"([["a.jpg",64],["就绪.jpg"]])", "[[]]"};
  return request;
}

ApplyAllRequest full_apply_all() {
  ApplyAllRequest request;
  request.job.function = "thumbnail";
  request.job.key = "5d41402abc4b2a76b9719d911017c592";
  request.job.retries = 2;
  request.chunks = {{7, R"([["a.jpg",64],["就绪.jpg"]])"}, {0, "[[]]"}};
  return request;
}

std::vector<ChunkEnding> full_chunk_endings() {
  Ending binary = full_ending();
  binary.standard_output.bytes = "\xFF\xFE";
  binary.standard_error.bytes = std::string("a\0b", 3);
  // By their form any endings.
  return {{7, full_ending(), {}, {}},
          {0, std::nullopt, "org.jobpool.Pool.KeyConflict", R"({"key":"a-0","id":9})"},
          {1, chunk_ending(), {}, {}},
          {2, binary, {}, {}},
          {9'223'372'036'854'775'807, full_batch_ending(), {}, {}}};
}

Ending full_batch_ending() {
  Ending ending;
  ending.id = JobId{12};
  ending.outcome = Outcome::failed;
  ending.reason = "1 of 2 chunks did not succeed; the first of them, job 11, ended crashed";
  ending.chunks = {JobId{10}, JobId{11}};
  return ending;
}

Submission function_after_failed() {
  Submission job;
  job.function = "square";
  job.after_failed = {JobId{3}, JobId{4}};
  return job;
}

Submission bounded_command() {
  Submission job;
  job.command = {"make"};
  job.memory_bytes = 536'870'912;
  return job;
}

Submission inheriting_command() {
  Submission job;
  job.command = {"make"};
  job.environment = {"SHLVL=2", "LANG=C", "A=b"};
  job.inherited = 2;
  return job;
}

Ending chunk_ending() {
  Ending ending;
  ending.id = JobId{11};
  ending.outcome = Outcome::crashed;
  ending.signal = 11;
  ending.reason = "worker 1 was killed by signal 11 after this job had started, in item 2 of its chunk";
  ending.items = 3;
  return ending;
}

Job retried_job() {
  Job job;
  job.id = JobId{13};
  job.pool = "default";
  job.description = "@square(7)";
  job.submitted_usec = 1'700'000'000'000'000;
  job.retry_of = JobId{12};
  job.after_failed = {JobId{3}};
  return job;
}

}  // namespace jobpool::proto
