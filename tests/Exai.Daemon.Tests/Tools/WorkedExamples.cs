using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Exai.Core.Tools.Files;
using Exai.Protocol;
using Exai.Simulator;
using Exai.Testing.Tools;

namespace Exai.Daemon.Tests.Tools;

/// <summary>Calls each tool as its page in docs/tools.md does, with the files that the call names, against the simulator.</summary>
internal static partial class WorkedExamples
{
    /// <summary>The end of a daemon's log.</summary>
    private const string Log =
        """
        2026-01-01T12:00:00.000Z INF daemon[1300] The daemon listens at 127.0.0.1:8079.
        2026-01-01T12:00:07.104Z INF calls[1000] Call 0199aaaa-0000-7000-8000-000000000000 chat Failed after 7021 ms, run 1

        """;

    private const string Parser = "class Parser\n{\n    int Parse(string text) => int.Parse(text);\n}\n";

    /// <summary>Tools that tell of a call which was there before.</summary>
    private static readonly HashSet<string> Earlier = ["job_result", "job_list", "job_cancel", "toolcall_log_tail", "health", "self-check"];

    /// <summary>What the simulated model says to each example.</summary>
    private static readonly Dictionary<string, string> ModelSays = new(StringComparer.Ordinal)
    {
        ["chat"] = "A bounded channel is enough: it limits what waits and wakes the writers by itself. Take a semaphore when you limit what runs.",
        ["thinkdeep"] = "Per session. A global queue needs weights to be fair, and whoever sets them has to know the sessions. Check what one busy session does to the memory bound.",
        ["codereview"] = "Parser.cs:3 (high): int.Parse throws on any text that is no number. Use int.TryParse and say what was wrong with the text.",
        ["analyze"] = "Three layers: the endpoint checks, the service decides, the store writes. The service knows the endpoint's types; move those to the border.",
        ["refactor"] = "Confirmed. Take reading, checking and reporting apart, in this order: reading first, because the other two only need its result.",
        ["secaudit"] = "A05 (high): the file name of the upload is taken as a path. Make a name of your own, and check the size before the body is read.",
        ["testgen"] = "Test \"\", \" 7 \", \"-1\", \"2147483647\" and \"2147483648\": Parser.cs:3 throws a different exception for the last one than for the first.",
        ["precommit"] = "Ready after one change: the new line throws on any text that is no number, and its callers do not expect that.",
        ["consensus"] = "Events, with a slow poll behind them: an event that is lost is then late, not lost.",
        ["kimi_chat_with_files"] = "Delivery in May.",
        ["kimi_chat_with_tools"] = "Mostly the query planner and the command-line shell.",
        ["glm_multi_file_chat"] = "Neither: they are the same.",
        ["smart_file_query"] = "That it turns a text into a number.",
    };

    /// <summary>What a client is told in answer to the example, without what differs from run to run.</summary>
    public static async Task<string> AnswerAsync(string tool)
    {
        var said = ModelSays.GetValueOrDefault(tool, ModelSays["chat"]);
        await using var rig = await ToolRig.StartAsync(new SimulatorRule { Answer = said });
        await File.WriteAllTextAsync(rig.Settings.Home.DaemonLog, Log, Patience.Token());
        return Timeless(Settled(await CallAsync(rig, tool, Arguments(tool)))).Replace(rig.Settings.Home.Path, "~/.local/state/exai", StringComparison.Ordinal);
    }

    /// <summary>What the example sends to providers, without what differs from run to run.</summary>
    /// <param name="arguments">In place of the example's.</param>
    public static async Task<string> RequestsAsync(string tool, string? arguments = null)
    {
        await using var rig = await ToolRig.StartAsync();
        var answer = await CallAsync(rig, tool, arguments is null ? Arguments(tool) : JsonNode.Parse(arguments)!.AsObject());
        rig.Provider.Log.Chats.ShouldNotBeEmpty(answer);
        var chats = rig.Provider.Log.Chats.OrderBy(chat => chat.Model, StringComparer.Ordinal);
        return Settled(string.Join('\n', chats.Select(Readable)));
    }

    private static JsonObject Arguments(string tool) => JsonNode.Parse(ToolExamples.Arguments[tool])!.AsObject();

    private static async Task<string> CallAsync(ToolRig rig, string tool, JsonObject arguments)
    {
        if (tool == "kimi_chat_with_files")
        {
            // The id that the simulator gives to the first file.
            await rig.CallAsync("kimi_upload_files", new { files = new[] { "/project/report.pdf" } }, await rig.SendAsync("files", "/project/report.pdf", "We promise delivery in May."));
        }

        if (Earlier.Contains(tool))
        {
            await rig.CallAsync("chat", ToolExamples.Arguments["chat"]);
            var id = (await rig.Core.CallStore.ListAsync(1, token: null, Patience.Token()))[0].CallId;
            arguments = arguments.ContainsKey("job_id") ? new JsonObject { ["job_id"] = id } : arguments;
        }

        return await rig.CallAsync(tool, arguments.ToJsonString(), await FilesAsync(rig, tool, arguments));
    }

    private static async Task<AttachedFile[]> FilesAsync(ToolRig rig, string tool, JsonObject arguments)
    {
        var files = new List<AttachedFile>();
        foreach (var parameter in ToolCatalogue.Find(tool)!.Parameters.Where(parameter => parameter.Attach is not null && arguments.ContainsKey(parameter.Name)))
        {
            var paths = arguments[parameter.Name] is JsonArray list ? list.Select(path => (string)path!) : [(string)arguments[parameter.Name]!];
            foreach (var path in paths)
            {
                files.Add(parameter.Attach == AttachKind.Git
                    ? await rig.SendAsync(parameter.Name, path + " (staged changes)", "+    int Parse(string text) => int.Parse(text);\n")
                    : await rig.SendAsync(parameter.Name, path, Parser));
            }
        }

        return [.. files];
    }

    private static string Readable(SimulatorRequest request)
    {
        var body = JsonNode.Parse(request.Body.GetRawText())!.AsObject();
        var messages = body["messages"]!.AsArray();
        body.Remove("messages");
        var lines = new List<string> { $"{request.Method} {request.Path}", body.ToJsonString(new JsonSerializerOptions(ToolResults.Json) { WriteIndented = true }) };
        foreach (var message in messages.Select(message => message!.AsObject()))
        {
            lines.Add($"--- {(string)message["role"]!}");
            message.Remove("role");
            if (message["content"] is JsonValue text)
            {
                lines.Add((string)text!);
                message.Remove("content");
            }

            if (message.Count > 0)
            {
                lines.Add(message.ToJsonString(ToolResults.Json));
            }
        }

        return string.Join('\n', lines) + "\n";
    }

    private static string Settled(string text) => Uuid().Replace(text.ReplaceLineEndings("\n"), "0199aaaa-0000-7000-8000-000000000000");

    /// <summary>Times, versions, and the order in which models answered.</summary>
    private static string Timeless(string text)
    {
        text = Moment().Replace(text, "2026-01-01 12:00:00Z");
        text = UnixTime().Replace(text, "1767268800");
        text = Uptime().Replace(text, "0.02:10:05");
        text = Seconds().Replace(text, "1.2 s");
        text = WholeSeconds().Replace(text, "1 s");
        text = Runtime().Replace(text, ".NET 10.0.0");
        return text.Replace("EXAI " + Product.Version, "EXAI 1.0.0", StringComparison.Ordinal)
            .Replace("[glm-4.5, glm-4.6 ·", "[glm-4.6, glm-4.5 ·", StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ")]
    private static partial Regex Moment();

    [GeneratedRegex("(?<=\"created\":)[0-9]+")]
    private static partial Regex UnixTime();

    [GeneratedRegex(@"\d+\.\d\d:\d\d:\d\d")]
    private static partial Regex Uptime();

    [GeneratedRegex(@"(?<![\d.])\d+\.\d s(?!\w)")]
    private static partial Regex Seconds();

    [GeneratedRegex(@"(?<=Z  )\d+ s(?!\w)")]
    private static partial Regex WholeSeconds();

    [GeneratedRegex(@"\.NET [\d.]+")]
    private static partial Regex Runtime();

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", RegexOptions.ExplicitCapture)]
    private static partial Regex Uuid();
}
