// Purpose: why each call of an expansion was made, and what came of it.
// expected: the share of new roles predicted when the call was chosen; share of the answers of such calls land in the
// region toward, which was uncovered to that share; listed: how many known roles the model was told not to name;
// named: how many of toward it was told to look among, hits: answers that landed there then.
// Parameters: run = "" (all runs), limit = 100
// Columns: at, call, about, relation, how, expected, toward, share, uncovered, listed, named, hits, answers, new
MATCH (run:Run)-[asked:ASKED]->(about)
WHERE $run = '' OR run.id = $run
OPTIONAL MATCH (group:DomainGroup {id: asked.toward})
RETURN asked.at AS at, asked.call AS call, coalesce(about.role, about.title, about.id) AS about,
       coalesce(asked.relation, asked.stance) AS relation, asked.how AS how, asked.expected AS expected,
       coalesce(group.label, asked.toward) AS toward, asked.share AS share, asked.uncovered AS uncovered,
       asked.listed AS listed, asked.named AS named, asked.hits AS hits, asked.answers AS answers, asked.new AS new
ORDER BY at, call
LIMIT $limit
