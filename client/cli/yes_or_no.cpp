// One question, one boolean field, one exit code.
#include "client/cli/yes_or_no.hpp"

#include "client/cli/tell.hpp"

namespace jobpool::cli {

int answer_question(Context& context, Words words, Usage usage, std::string_view method, const char* field) {
  Options options(context, usage);
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.operands.size() != 1)
    return options.misused(std::string{usage.synopsis.substr(0, usage.synopsis.find(' '))} + " takes one job");
  const Result<JobId> id = context.select_one(parsed.operands.front());
  if (!id) return id.error().code == Errc::invalid_argument ? options.misused(id.error().text) : fail(id.error());
  const Result<client::Reply> reply = context.ask(method, proto::write_id(*id));
  if (!reply) return fail(reply.error());
  const Result<bool> answer = proto::read_flag(field, reply->parameters);
  if (!answer) return fail(answer.error());
  const int code = *answer ? 0 : 1;
  return context.json ? print(reply->parameters.tree().dump() + "\n", code) : code;
}

}  // namespace jobpool::cli
