// Makes src/api/schema.d.ts from the server's OpenAPI document: node generate.mjs DOCUMENT OUT
//
// Two kinds of "has a default" look alike in the document and are not: an answer always carries the field,
// while an event or a request may leave it out. Types that do not tell them apart would be wrong in one of the two.
import { readFileSync, writeFileSync } from 'node:fs'
import openapiTS, { astToString } from 'openapi-typescript'

const PREFIX = '#/components/schemas/'
// Answers that leave out fields which hold their default.
const SPARSE = ['AgentModel', 'AgentMode', 'EventFrame', 'Refused', 'Subscribe', 'PermissionRule']

const [source, target] = process.argv.slice(2)
const document = JSON.parse(readFileSync(source, 'utf8'))
const schemas = document.components.schemas

function references(part, found = new Set()) {
  if (Array.isArray(part)) part.forEach((item) => references(item, found))
  else if (part && typeof part === 'object') {
    if (typeof part.$ref === 'string') found.add(part.$ref.slice(PREFIX.length))
    Object.values(part).forEach((item) => references(item, found))
  }
  return found
}

function reachable(names) {
  const seen = new Set()
  const left = [...names]
  while (left.length > 0) {
    const name = left.pop()
    if (seen.has(name) || !(name in schemas)) continue
    seen.add(name)
    left.push(...references(schemas[name]))
  }
  return seen
}

const bodies = Object.values(document.paths).flatMap((path) => Object.values(path).map((operation) => operation.requestBody))
const sparse = reachable([...references(bodies), ...references(schemas.EventBody), ...SPARSE])

for (const [name, schema] of Object.entries(schemas)) {
  for (const [field, shape] of Object.entries(schema.properties ?? {})) {
    if (!('default' in shape)) continue
    delete shape.default
    if (!sparse.has(name)) schema.required = [...new Set([...(schema.required ?? []), field])]
  }
}

const types = await openapiTS(document, { emptyObjectsUnknown: true, defaultNonNullable: false })
writeFileSync(target, `// Made by \`just page-types\`; do not edit.\n${astToString(types)}`)
