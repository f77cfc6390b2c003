#!/bin/sh
# Publishes a folder of policies: org.yaml, and agents/<id>.yaml for each agent. What is active already is left as it is, so this may run
# after every merge. DATABASE_URL, or SMOLTBOT_URL and SMOLTBOT_API_KEY, say where the registry is; SMOLTBOT names the command.
set -eu
smoltbot=${SMOLTBOT:-npx smoltbot}
folder=${1:?usage: deploy.sh <folder>}

$smoltbot policy publish "$folder/org.yaml" --org --yes
for file in "$folder"/agents/*.yaml; do
  $smoltbot policy publish "$file" --agent "$(basename "$file" .yaml)" --yes
done
$smoltbot policy list
