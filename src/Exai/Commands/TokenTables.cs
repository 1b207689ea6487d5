using System.Globalization;
using System.Text.Json.Nodes;
using Exai.Core.Tokens;
using Exai.Protocol;
using Spectre.Console;

namespace Exai.Cli.Commands;

/// <summary>Tokens and their events as people and scripts read them; times are UTC.</summary>
internal static class TokenTables
{
    public static void Print(IReadOnlyList<NamedToken> tokens, IReadOnlyDictionary<string, double> costs, bool json)
    {
        if (json)
        {
            Terminal.Print(new JsonArray([.. tokens.Select(token => Json(token, Cost(token, costs)))]).ToJsonString(ToolResults.Json));
            return;
        }

        if (tokens.Count == 0)
        {
            Terminal.Explain("There are no named tokens. 'exai token add NAME' makes one.");
            return;
        }

        var table = new Table().AddColumns("name", "state", "made", "last used", "limits", "cost today");
        foreach (var token in tokens)
        {
            table.AddRow(
                Markup.Escape(token.Name), token.RevokedAt is { } at ? $"[red]revoked {Time(at)}[/]" : "[green]good[/]", Time(token.CreatedAt),
                token.LastUsedAt is { } used ? Time(used) : "never", Markup.Escape(Limits(token.Limits)),
                token.RevokedAt is null ? Cost(token, costs).ToString("0.00## 'USD'", CultureInfo.InvariantCulture) : "");
        }

        Terminal.Output.Write(table);
    }

    public static void Print(IReadOnlyList<TokenEvent> events, bool json)
    {
        if (json)
        {
            Terminal.Print(new JsonArray([.. events.Select(Json)]).ToJsonString(ToolResults.Json));
            return;
        }

        if (events.Count == 0)
        {
            Terminal.Explain("Nothing has happened to named tokens yet.");
            return;
        }

        var table = new Table().AddColumns("when", "who", "what", "token", "times", "details");
        foreach (var told in events)
        {
            var colour = told.What switch { TokenDeeds.Added => "green", TokenDeeds.Revoked => "red", _ => "yellow" };
            table.AddRow(
                Time(told.At), Markup.Escape(told.Who), $"[{colour}]{told.What}[/]", Markup.Escape(told.Token), $"{told.Times}", Markup.Escape(told.Details));
        }

        Terminal.Output.Write(table);
    }

    /// <summary>In a few words.</summary>
    public static string Limits(TokenLimits limits) => string.Join(
        ", ",
        new[]
        {
            limits.Concurrent is { } concurrent ? $"{concurrent} at once" : null,
            limits.PerMinute is { } perMinute ? $"{perMinute} a minute" : null,
            limits.UsdPerDay is { } usd ? string.Create(CultureInfo.InvariantCulture, $"{usd} USD a day") : null,
            limits.Models is { } models ? $"models {string.Join(" ", models.Entries)}" : null,
        }.OfType<string>().DefaultIfEmpty("none"));

    /// <summary>Of all tokens of its name: a new one goes on with the day of the one before.</summary>
    private static double Cost(NamedToken token, IReadOnlyDictionary<string, double> costs) => costs.GetValueOrDefault(token.Name);

    private static JsonObject Json(NamedToken token, double cost) => new()
    {
        ["name"] = token.Name,
        ["revoked"] = token.RevokedAt is not null,
        ["createdAt"] = token.CreatedAt,
        ["revokedAt"] = token.RevokedAt,
        ["lastUsedAt"] = token.LastUsedAt,
        ["concurrent"] = token.Limits.Concurrent,
        ["perMinute"] = token.Limits.PerMinute,
        ["usdPerDay"] = token.Limits.UsdPerDay,
        ["models"] = token.Limits.Models is { } models ? new JsonArray([.. models.Entries.Select(entry => (JsonNode)entry)]) : null,
        ["costTodayUsd"] = cost,
    };

    private static JsonObject Json(TokenEvent told) => new()
    {
        ["at"] = told.At,
        ["who"] = told.Who,
        ["what"] = told.What,
        ["token"] = told.Token,
        ["times"] = told.Times,
        ["details"] = told.Details,
    };

    private static string Time(DateTimeOffset at) => at.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture);
}
