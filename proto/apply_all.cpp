// The request of ApplyAll, and its replies.
#include <algorithm>
#include <utility>

#include "proto/apply_all_messages.hpp"
#include "proto/as_written.hpp"
#include "proto/chunk.hpp"
#include "proto/fields.hpp"
#include "proto/json_writer.hpp"
#include "proto/parts.hpp"

namespace jobpool::proto {
namespace {

constexpr std::size_t kChunkBytes = 32, kEndingBytes = 80;  // of a short one, about

bool is_items(const std::string& text) { return text.size() <= kMaxPayloadBytes && is_chunk(text); }

bool take_chunk(AsWritten& text, Chunk& chunk) {
  return text.take("{\"number\":") && text.take_integer(chunk.number) && chunk.number >= 0 && text.take(",\"items\":") &&
         text.take_text(chunk.items) && is_items(chunk.items) && text.take("}");
}

Result<Chunk> read_numbered_chunk(JsonText object) {
  Fields fields(object, MessageKind::request, "chunks");
  Chunk chunk;
  chunk.number = fields.required_integer("number", 0, kMaxInteger);
  chunk.items = fields.required_text("items");
  if (fields.is_good() && !is_items(chunk.items)) fields.reject("items");
  return finished(fields, std::move(chunk));
}

// For how many room is made at once.
std::size_t count_in(JsonText text, std::size_t bytes_of_each) { return std::min(text.text().size() / bytes_of_each + 1, kMaxChunks); }

// Elements and the brackets around them: each by take_one(element).
template <class Element, class TakeOne>
bool take_list(AsWritten& text, std::vector<Element>& list, std::size_t most, TakeOne&& take_one) {
  if (!text.take("[")) return false;
  do {
    if (list.size() == most || !take_one(list.emplace_back())) return false;
  } while (text.take(","));
  return text.take("]");
}

// Errors: the path of the first field that is off.
Result<std::vector<Chunk>> read_numbered_chunks(JsonText value) {
  std::vector<Chunk> chunks;
  const JsonTexts array = value.elements(kMaxChunks + 1);
  if (array.empty() || array.size() > kMaxChunks) return Error{Errc::invalid_argument, "chunks"};
  for (const JsonText object : array) {
    Result<Chunk> chunk = read_numbered_chunk(object);
    if (!chunk) return chunk.error();
    chunks.push_back(std::move(*chunk));
  }
  return chunks;
}

// The largest; nullopt: one is there twice. Requires: there are some.
std::optional<std::int64_t> largest_number(const std::vector<Chunk>& chunks) {
  std::vector<std::int64_t> numbers;
  numbers.reserve(chunks.size());
  for (const Chunk& chunk : chunks) numbers.push_back(chunk.number);
  if (!std::ranges::is_sorted(numbers)) std::ranges::sort(numbers);
  if (std::ranges::adjacent_find(numbers) != numbers.end()) return std::nullopt;
  return numbers.back();
}

bool fits_a_key(const std::string& job_key, std::int64_t number) {
  std::string room;
  return chunk_key(job_key, number, room).size() <= kMaxKeyBytes;
}

// In the shape of write_apply_all(), and good; nullopt: it is of another, or off, which Fields tell.
std::optional<ApplyAllRequest> as_written(JsonText parameters) {
  ApplyAllRequest request;
  JsonText job;
  AsWritten text(parameters);
  if (!text.take("{\"job\":") || !text.take_object(job) || !text.take(",\"chunks\":")) return std::nullopt;
  request.chunks.reserve(count_in(parameters, kChunkBytes));
  const auto take_one = [&](Chunk& chunk) { return take_chunk(text, chunk); };
  if (!take_list(text, request.chunks, kMaxChunks, take_one) || !text.take("}") || !text.is_over()) return std::nullopt;
  Result<Submission> read = read_submission(job);
  if (!read) return std::nullopt;
  request.job = *std::move(read);
  const std::optional<std::int64_t> largest = largest_number(request.chunks);
  if (!largest || !fits_a_key(request.job.key, *largest)) return std::nullopt;
  return request;
}

bool take_chunk_return(AsWritten& text, ChunkEnding& read) {
  return text.take("{\"number\":") && text.take_integer(read.number) && read.number >= 0 && text.take(",\"ending\":") &&
         take_return(text, read.ending.emplace()) && text.take("}");
}

Result<void> read_chunk_ending(JsonText object, ChunkEnding& read) {
  Fields fields(object, MessageKind::reply, "endings");
  read.number = fields.required_integer("number", 0, kMaxInteger);
  fields.text_into("error", read.error);
  fields.text_into("parameters", read.parameters);
  if (read.error.empty()) {
    if (const auto ending = fields.required_object("ending"))
      if (auto checked = read_ending_object(*ending, "endings.ending", read.ending.emplace()); !checked) return checked;
  }
  return fields.finish();
}

}  // namespace

Result<ApplyAllRequest> read_apply_all(JsonText parameters) {
  if (auto request = as_written(parameters)) return *std::move(request);
  Fields fields(parameters, MessageKind::request);
  ApplyAllRequest request;
  if (const auto object = fields.required_object("job")) {
    Result<Submission> job = read_submission(*object);
    if (!job) return job.error();
    request.job = std::move(*job);
  }
  if (const auto array = fields.required_array_text("chunks")) {
    if (auto checked = fields.finish(); !checked) return checked.error();
    Result<std::vector<Chunk>> chunks = read_numbered_chunks(*array);
    if (!chunks) return chunks.error();
    request.chunks = std::move(*chunks);
    const std::optional<std::int64_t> largest = largest_number(request.chunks);
    if (!largest) fields.reject("chunks");
    if (largest && !fits_a_key(request.job.key, *largest)) fields.reject("job.key");
  }
  return finished(fields, std::move(request));
}

std::string write_apply_all(const ApplyAllRequest& request) {
  std::size_t bytes = 1024;
  for (const Chunk& chunk : request.chunks) bytes += chunk.items.size() + 48;
  std::string out;
  out.reserve(bytes);
  out += "{\"job\":";
  append_submission(out, request.job);
  out += ",\"chunks\":";
  char before = '[';
  for (const Chunk& chunk : request.chunks) {
    out += std::exchange(before, ',');
    ObjectWriter object(out);
    object.integer("number", chunk.number);
    object.text("items", chunk.items);
    object.close();
  }
  return out += "]}";
}

std::string_view chunk_key(std::string_view job_key, std::int64_t number, std::string& room) {
  if (job_key.empty()) return {};
  room.assign(job_key);
  room += '-';
  append_integer(room, number);
  return room;
}

void ChunkEndingsWriter::add_return(std::int64_t number, JobId id, std::string_view result) {
  if (count_++ > 0) text_ += ',';
  append_between(text_, "{\"number\":", number, ",\"ending\":");
  append_return(text_, id, result, kSendNothing);
  text_ += '}';
}

void ChunkEndingsWriter::add(const ChunkEnding& one) {
  if (count_++ > 0) text_ += ',';
  ObjectWriter object(text_);
  object.integer("number", one.number);
  if (one.ending) append_ending(object.key("ending"), *one.ending, {}, kSendNothing);
  object.text_if("error", one.error);
  object.text_if("parameters", one.parameters);
  object.close();
}

std::string ChunkEndingsWriter::finish() && { return std::move(text_ += "]}"); }

std::string write_chunk_endings(const std::vector<ChunkEnding>& endings) {
  ChunkEndingsWriter writer(endings.size());
  for (const ChunkEnding& one : endings) writer.add(one);
  return std::move(writer).finish();
}

Result<std::vector<ChunkEnding>> read_chunk_endings(JsonText parameters) {
  std::vector<ChunkEnding> endings;
  endings.reserve(count_in(parameters, kEndingBytes));
  AsWritten text(parameters);
  const auto take_one = [&](ChunkEnding& one) { return take_chunk_return(text, one); };
  if (text.take("{\"endings\":") && take_list(text, endings, kMaxChunks, take_one) && text.take("}") && text.is_over()) return endings;
  endings.clear();
  Fields fields(parameters, MessageKind::reply);
  const auto array = fields.required_array("endings");
  if (auto checked = fields.finish(); !checked) return checked.error();
  for (const JsonText object : *array) {
    if (auto checked = read_chunk_ending(object, endings.emplace_back()); !checked) return checked.error();
  }
  return endings;
}

}  // namespace jobpool::proto
