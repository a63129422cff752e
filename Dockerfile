# One image for every role: web, worker, migration and command line; the command or ROLE chooses.
#   docker build -t meine-aok-anmeldung .                      production, without anything of the demo
#   docker build -t meine-aok-anmeldung:sandbox --target sandbox .   with demo members, postbox and relying party
FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force

FROM node:24-bookworm-slim AS application
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json ./
COPY config config
COPY locales locales
COPY migrations migrations
COPY public public
COPY views views
COPY src src
ENV HOST=0.0.0.0 DATA_DIR=/data
# Everything under /app belongs to root: the process cannot change its own code, and the root file system may be read-only.
RUN mkdir -p /data /var/spool/letters && chown node:node /data /var/spool/letters
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["node", "-e", "const h=process.env.HOST;fetch('http://'+(!h||h==='0.0.0.0'||h==='::'?'127.0.0.1':h)+':'+(process.env.PORT||3000)+'/health/live').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
CMD ["node", "src/main.ts"]

FROM application AS sandbox
ENV SANDBOX=true
EXPOSE 3001
VOLUME /data

FROM application AS production
USER root
# Demo parts never reach production.
RUN rm -rf config/demo src/demo src/app/demo.ts public/demo views/demo
USER node
ENV NODE_ENV=production
