// express-session and passport's local strategy: login, a page behind it, logout.
export async function service({ instrument, listen, event }) {
  const { default: express } = await import('express');
  const { default: session } = await import('express-session');
  const { default: passport } = await import('passport');
  const { Strategy } = await import('passport-local');
  let nth = 0;
  passport.use(new Strategy((name, password, done) => done(null, password === 'right' ? { name } : false)));
  passport.serializeUser((user, done) => done(null, user.name));
  passport.deserializeUser((name, done) => done(null, { name }));
  const app = express();
  await instrument(app);
  const store = new session.MemoryStore();
  app.use(
    session({
      secret: 'kept',
      resave: false,
      saveUninitialized: false,
      store,
      genid: () => `session-${++nth}`,
    }),
    passport.initialize(),
    passport.session(),
    express.urlencoded({ extended: false }),
  );
  app.post('/login', passport.authenticate('local'), (req, res) => res.json(req.user));
  app.get('/me', (req, res) => {
    event(`asked by ${req.user?.name} of session ${req.sessionID}`);
    if (req.isAuthenticated()) res.json(req.user);
    else res.sendStatus(401);
  });
  app.post('/logout', (req, res, next) => req.logout((error) => (error ? next(error) : res.sendStatus(204))));
  await listen(app);
}

export async function drive({ client, observe }) {
  const login = (password) =>
    client.request({
      method: 'POST',
      path: '/login',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: `username=ann&password=${password}`,
    });
  observe('wrong', await login('wrong'));
  const answer = await login('right');
  observe('right', answer);
  const Cookie = /set-cookie: ([^;]+)/i.exec(answer.headers.join('\n'))?.[1] ?? '';
  observe('me', await client.request({ path: '/me', headers: { Cookie } }));
  observe('anonymous', await client.request({ path: '/me' }));
  observe('logout', await client.request({ method: 'POST', path: '/logout', headers: { Cookie } }));
}
