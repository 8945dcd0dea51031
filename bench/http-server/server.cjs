// One server process. run.mjs passes the variant's file, which --require has loaded already, as the only argument.
const { attach, flush } = require(process.argv[2]);
const { createApp } = require('./app.cjs');
const { answerCommands } = require('./commands.cjs');

const app = createApp();
attach(app);
const server = app.listen(0, '127.0.0.1');
answerCommands(server, flush);
