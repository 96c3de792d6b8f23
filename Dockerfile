# perfquant as an image: Node and one bundle. No libraries, no cache, no home folder, nothing that is written.
#
#   docker build --build-arg VERSION=$(node -p 'require("./package.json").version') -t perfquant .
#
# BASE is any image with Node 24 (20.19 at least) on PATH.
ARG BASE=docker.io/library/node:24-bookworm-slim

FROM ${BASE} AS build
# A site that inspects TLS names its certificate here (and mounts it: -v …); it does not come into the image.
ARG NODE_EXTRA_CA_CERTS
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY build.mjs CHANGELOG.md CITATION.cff LICENSE ./
COPY bids_templates bids_templates
COPY src src
COPY viewer viewer
COPY licences licences
ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED=unknown
RUN node build.mjs \
  && mkdir -p /image/opt/perfquant /image/usr/local/bin \
  && cp -r dist bids_templates package.json CHANGELOG.md CITATION.cff LICENSE /image/opt/perfquant/ \
  && node dist/main.js --version > /image/version \
  && if [ "${VERSION}" != unknown ]; then grep -qx "perfquant ${VERSION}" /image/version; fi \
  && printf '{"Version": "%s", "Revision": "%s", "Created": "%s", "Node": "%s"}\n' \
    "$(cut -d ' ' -f 2 /image/version)" "${REVISION}" "${CREATED}" "$(node --version)" > /image/opt/perfquant/build.json \
  && chmod +x /image/opt/perfquant/dist/main.js \
  && ln -s /opt/perfquant/dist/main.js /image/usr/local/bin/perfquant \
  && chmod -R a+rX /image

FROM ${BASE}
ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="perfquant" \
  org.opencontainers.image.description="BIDS App for perfusion MRI: from a BIDS dataset to quantitative maps, reports and group tables" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.created="${CREATED}" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.label-schema.schema-version="1.0" \
  org.label-schema.name="perfquant" \
  org.label-schema.description="BIDS App for perfusion MRI" \
  org.label-schema.version="${VERSION}" \
  org.label-schema.vcs-ref="${REVISION}" \
  org.label-schema.build-date="${CREATED}"
# Named in the provenance of every run.
ENV PERFQUANT_IMAGE=perfquant:${VERSION}
COPY --from=build /image /
WORKDIR /
ENTRYPOINT ["node", "/opt/perfquant/dist/main.js"]
