/** Two people's. */
export const RECIPIENTS = [
  'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p',
  'age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg',
] as const;

/** A plan with everything in it. */
export const GOOD = `version: 1
cloud: production          # of clouds.yaml
project: 5bde59c76c73cc5e04335342476fc095  # nothing else is touched
region: RegionOne
timezone: Europe/Berlin    # for daily, weekly … (UTC if not given)
publish: [release]         # must outlive \`keep\`
recipients:                # two people
  - ${RECIPIENTS[0]}
  - ${RECIPIENTS[1]}
store: directory:/mnt/backups
keep:                      # rules are ORed; of restic's names and meaning
  last: 3
  daily: 14
  weekly: 8
  monthly: 12
  min-copies: 2
back-up:                   # the first match wins
  - name: databases
    select: metadata:backup=db   # as on the command line, one or a list
    kinds: [volume]
    method: cinder-backup
    max-chain: 7
    every: 6h              # due when older, whatever the schedule does
    max-age: 12h           # the report fails if the newest point is older
    consistency: quiesced  # or fail; \`best\` takes what there is
  - name: off-site
    select: metadata:backup=db
    also: true             # beside the match above
    method: image
    every: 7d
    max-age: 9d
    keep: {weekly: 8, min-copies: 2}
  - name: everything else
    select: all
    kinds: [server, volume, image, secret]
    every: 1d
exclude:
  - select: name:scratch-*
    reason: rebuilt by CI
    until: 2027-06-30
drill:
  every: 30d
  pick: random             # or latest
  level: volume            # bytes, volume, boot
  max-gigabytes: 200
  rto: 2h
report:
  fail-on: [stale, uncovered]
  issue: true              # one, opened and closed by it
`;
