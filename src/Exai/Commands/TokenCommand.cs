using System.CommandLine;
using System.Globalization;
using Exai.Core.Storage.Sql;
using Exai.Core.Tokens;
using Exai.Settings;
using Exai.Settings.Home;

namespace Exai.Cli.Commands;

/// <summary>
/// <c>exai token</c>: a token for each user of a daemon that several share. Works on the store itself, with or without a running daemon: who may read the
/// home is the owner, and no daemon has an endpoint by which anybody else could make a token.
/// </summary>
internal static class TokenCommand
{
    public static Command Create()
    {
        var command = new Command("token", "Give users of a shared daemon tokens of their own, with limits, and take them back.");
        command.Add(CreateAdd());
        command.Add(CreateList());
        command.Add(CreateRevoke());
        command.Add(CreateAudit());
        return command;
    }

    private static Command CreateAdd()
    {
        var name = Name();
        var concurrent = new Option<int?>("--concurrent") { Description = "Calls at once, over all daemons on the store.", HelpName = "N" };
        var perMinute = new Option<int?>("--per-minute") { Description = "Calls accepted within any minute.", HelpName = "N" };
        var usd = new Option<decimal?>("--usd-per-day") { Description = "What the calls of a day (UTC) may cost, as far as prices are known.", HelpName = "X" };
        var models = new Option<string?>("--models") { Description = "The models that may be asked: names, provider/id, or provider/beginning* with commas between.", HelpName = "A,B" };
        var add = new Command("add", "Make a token and print its secret, once.") { name, concurrent, perMinute, usd, models };
        add.SetAction((parsed, cancellationToken) => AddAsync(
            parsed.GetValue(name)!, parsed.GetValue(concurrent), parsed.GetValue(perMinute), parsed.GetValue(usd), parsed.GetValue(models), cancellationToken));
        return add;
    }

    private static Command CreateList()
    {
        var json = new Option<bool>("--json") { Description = "Print the list as JSON." };
        var list = new Command("list", "The tokens, their limits, and what they cost today.") { json };
        list.SetAction((parsed, cancellationToken) => WithStoreAsync(
            make: false, async (store, _) =>
            {
                var now = TimeProvider.System.GetUtcNow();
                TokenTables.Print(
                    await store.ListAsync(cancellationToken), await store.CostAsync(TokenLimits.DayOf(now), cancellationToken), parsed.GetValue(json));
                return ExitCodes.Ok;
            }));
        return list;
    }

    private static Command CreateRevoke()
    {
        var name = Name();
        var revoke = new Command("revoke", "Take a token back: its links and requests end within seconds, on all daemons.") { name };
        revoke.SetAction((parsed, cancellationToken) => WithStoreAsync(
            make: false, async (store, _) =>
            {
                var who = parsed.GetValue(name)!;
                if (await store.RevokeAsync(who, Me, TimeProvider.System.GetUtcNow(), cancellationToken))
                {
                    Terminal.Print($"The token of {who} is revoked. Daemons refuse it within 5 seconds; its running calls are finished, and the owner can claim them.");
                    return ExitCodes.Ok;
                }

                var known = await store.ListAsync(cancellationToken);
                Terminal.Explain(known.Any(token => token.Name == who)
                    ? $"The token of {who} is revoked already."
                    : $"There is no token '{who}'. {InUse(known)}");
                return ExitCodes.Failed;
            }));
        return revoke;
    }

    private static Command CreateAudit()
    {
        var most = new Option<int>("--most", "-n") { Description = "How many to show.", DefaultValueFactory = _ => 50 };
        var json = new Option<bool>("--json") { Description = "Print the events as JSON." };
        var audit = new Command("audit", "Who added and revoked tokens, and what their users were refused; the newest first.") { most, json };
        audit.SetAction((parsed, cancellationToken) => WithStoreAsync(
            make: false, async (store, _) =>
            {
                TokenTables.Print(await store.EventsAsync(Math.Max(1, parsed.GetValue(most)), cancellationToken), parsed.GetValue(json));
                return ExitCodes.Ok;
            }));
        return audit;
    }

    private static Argument<string> Name() => new("name") { Description = "The user: small letters, digits, and . - _ @, such as alice or alice@example.org." };

    /// <summary>Who runs this command, for the record.</summary>
    private static string Me => $"{Environment.UserName}@{Environment.MachineName}";

    private static async Task<int> AddAsync(string name, int? concurrent, int? perMinute, decimal? usd, string? models, CancellationToken cancellationToken)
    {
        List<string> problems = [];
        if (TokenName.Problem(name) is { } wrong)
        {
            problems.Add($"'{name}' cannot be the name of a token: {wrong}.");
        }

        problems.AddRange(new[] { TooSmall("--concurrent", concurrent), TooSmall("--per-minute", perMinute), TooSmall("--usd-per-day", usd) }.OfType<string>());
        if (problems.Count > 0)
        {
            return Wrong(problems);
        }

        return await WithStoreAsync(make: true, async (store, settings) =>
        {
            var (allowed, notes) = models is null ? (null, []) : AllowedModels.Read(models, settings, problems);
            if (problems.Count > 0)
            {
                return Wrong(problems);
            }

            var secret = TokenSecret.New();
            var token = new NamedToken
            {
                Name = name,
                Hash = TokenSecret.Hash(secret),
                CreatedAt = TimeProvider.System.GetUtcNow(),
                Limits = new TokenLimits { Concurrent = concurrent, PerMinute = perMinute, UsdPerDay = usd, Models = allowed },
            };
            var before = (await store.ListAsync(cancellationToken)).Any(known => known.Name == name);
            if (!await store.AddAsync(token, Me, cancellationToken))
            {
                Terminal.Explain($"There is a token of {name} already. 'exai token revoke {name}' takes it back; its calls and threads go over to the next one of that name.");
                return ExitCodes.Failed;
            }

            foreach (var note in notes)
            {
                Terminal.Explain($"warning: {note}");
            }

            Terminal.Print(secret);
            Terminal.Explain(HowTo(name, token.Limits, before, settings));
            return ExitCodes.Ok;
        });
    }

    private static int Wrong(List<string> problems)
    {
        problems.ForEach(Terminal.Explain);
        return ExitCodes.WrongUsage;
    }

    private static string? TooSmall(string option, decimal? value) =>
        value is { } given && given <= 0 ? $"{option} was {given.ToString(CultureInfo.InvariantCulture)}; it must be more than 0. Leave it out for no limit." : null;

    private static string HowTo(string name, TokenLimits limits, bool before, ExaiSettings settings) =>
        $"""

        This is the token of {name}, shown this once: only a hash of it is kept. Limits: {TokenTables.Limits(limits)}.
        {(before ? $"Calls and threads of earlier tokens of that name belong to it too.\n" : "")}On the machine of {name}, in the client's configuration or in $EXAI_HOME/.env:

          EXAI_WS_ENDPOINTS=HOST:{(settings.Link.Port == 0 ? 8079 : settings.Link.Port)}     where shims reach the daemons
          EXAI_WS_TOKEN=the line above

        Clients of /mcp send it as 'Authorization: Bearer …'. Daemons take it within 5 seconds.
        """;

    private static string InUse(IReadOnlyList<NamedToken> known) => known.Where(token => token.RevokedAt is null).Select(token => token.Name).ToList() is { Count: > 0 } names
        ? $"There are: {string.Join(", ", names)}."
        : "'exai token add NAME' makes one.";

    /// <param name="make">Whether a file that is not there is made.</param>
    private static async Task<int> WithStoreAsync(bool make, Func<SqlTokenStore, ExaiSettings, Task<int>> work)
    {
        if (Configuration.LoadOrExplain() is not { } settings)
        {
            return ExitCodes.WrongUsage;
        }

        if (!make && !HomeStore.Exists(settings))
        {
            Terminal.Explain($"There is no store at {settings.Store.Path} yet, and so no token. 'exai token add NAME' makes one.");
            return ExitCodes.Failed;
        }

        try
        {
            settings.Home.EnsureCreated();
        }
        catch (HomeException failure)
        {
            Terminal.Explain(failure.Message);
            return ExitCodes.Failed;
        }

        return await HomeStore.UseAsync(settings, database => work(new SqlTokenStore(database), settings));
    }
}
