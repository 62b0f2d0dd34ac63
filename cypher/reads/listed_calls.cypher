// The latest calls about personas with a model and a prompt, by what they could list; the latest first.
// Parameters: model, prompt (its digest), limit
// Columns: length, new, tokens_in, tokens_out
MATCH (run:Run {plan_model: $model, plan_prompt: $prompt})-[asked:ASKED]->(:Persona)
WHERE asked.could_list IS NOT NULL AND asked.answers > 0
RETURN asked.could_list AS length, asked.new AS new, asked.tokens_in AS tokens_in, asked.tokens_out AS tokens_out
ORDER BY asked.at DESC LIMIT $limit
