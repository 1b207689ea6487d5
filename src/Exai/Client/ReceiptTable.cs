using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace Exai.Cli.Client;

/// <summary>A receipt for people.</summary>
internal static class ReceiptTable
{
    public static Table From(JsonObject receipt)
    {
        var table = new Table().Border(TableBorder.Rounded).Title("receipt").HideHeaders().AddColumns("", "");
        table.AddRow("model", Markup.Escape($"{(string?)receipt["model"] ?? "–"} (asked: {(string?)receipt["askedModel"] ?? "–"}), provider {(string?)receipt["provider"] ?? "–"}"));
        table.AddRow("state", Markup.Escape($"{(string?)receipt["state"]}, {Runs((int?)receipt["runs"] ?? 0)}, recovered: {(string?)receipt["recovered"]}"));
        table.AddRow("time", $"{Seconds(receipt["totalMs"])} in all, first token of the last attempt after {Seconds(receipt["firstTokenMs"])}");
        var tokens = receipt["tokens"];
        table.AddRow("tokens", $"{tokens?["input"]} in, {tokens?["output"]} out, {tokens?["reasoning"]} of them reasoning{((bool?)tokens?["estimated"] == true ? " (estimated)" : "")}");
        table.AddRow("cost", receipt["costUsd"] is { } cost ? $"{(decimal)cost:0.######} USD" : "not known");
        table.AddRow("call", $"{receipt["callId"]}");
        if (receipt["threadId"] is { } thread)
        {
            table.AddRow("thread", $"{thread}");
        }

        return table;
    }

    private static string Runs(int runs) => runs == 1 ? "1 run" : $"{runs} runs";

    private static string Seconds(JsonNode? milliseconds) =>
        milliseconds is null ? "–" : string.Create(CultureInfo.InvariantCulture, $"{(double)milliseconds / 1000:0.00} s");
}
