// Executing a new jobpoold in place: what must survive goes along as descriptors without close-on-exec, and a sealed memfd that says
// which is which. jobpoold's main thread, at a reload.
#pragma once

#include <string>
#include <vector>

#include "common/result.hpp"
#include "common/unique_fd.hpp"
#include "daemon/supervisor/resume_record.hpp"

namespace jobpool::supervisor {

// The record in a sealed memfd. Errors: io.
Result<UniqueFd> write_resume_file(const ResumeRecord& record);

// Errors: protocol: no sealed memfd, or what is in it is damaged; unsupported; io.
Result<ResumeRecord> read_resume_file(const UniqueFd& file);

// Our arguments for the next program: `--resume-fd FD` in front, and that of an earlier reload gone.
std::vector<std::string> resume_arguments(std::vector<std::string> arguments, int fd);

// Becomes `program`, with `arguments` after its name; returns only if that failed, and then nothing has changed.
// What it has opened is closed, but for stdio, `file` and the record's descriptors.
Error become(const std::string& program, std::vector<std::string> arguments, const ResumeRecord& record, const UniqueFd& file);

// In the new program: the record's descriptors are ours. Afterwards each is close-on-exec again and must be given an owner.
// Errors: protocol: one of them is not open.
Result<void> take_over_descriptors(const ResumeRecord& record);

}  // namespace jobpool::supervisor
