// Purpose: why each call of an expansion was made, and its result.
// expected: predicted share of new answers; toward: the region from which most of them were expected; share: the share of the
// answers of such calls that land there; uncovered: the uncovered share of that region; listed: number of known roles that
// the model was asked not to name; named: number of known roles of that region in the prompt; hits: answers that landed there.
// Parameters: run = "" (all runs), limit = 100
// Columns: at, call, about, relation, how, expected, toward, share, uncovered, listed, named, hits, answers, new
MATCH (run:Run)-[asked:ASKED]->(about)
WHERE $run = '' OR run.id = $run
OPTIONAL MATCH (group:DomainGroup {id: asked.toward})
OPTIONAL MATCH (niche:Domain {id: asked.toward})
RETURN asked.at AS at, asked.call AS call, coalesce(about.role, about.title, about.id) AS about,
       coalesce(asked.relation, asked.stance) AS relation, asked.how AS how, asked.expected AS expected,
       coalesce(group.label, niche.label, asked.toward) AS toward, asked.share AS share, asked.uncovered AS uncovered,
       asked.listed AS listed, asked.named AS named, asked.hits AS hits, asked.answers AS answers, asked.new AS new
ORDER BY at, call
LIMIT $limit
