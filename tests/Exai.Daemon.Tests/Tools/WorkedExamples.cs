using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Exai.Core.Tools.Files;
using Exai.Protocol;
using Exai.Simulator;

namespace Exai.Daemon.Tests.Tools;

/// <summary>Calls each tool as its page in docs/tools.md does, with the files that the call names, against the simulator.</summary>
internal static partial class WorkedExamples
{
    private const string Parser = "class Parser\n{\n    int Parse(string text) => int.Parse(text);\n}\n";

    /// <summary>What the simulated model says to every question.</summary>
    private const string Said = "Parser.cs:3 throws on any text that is no number. Use int.TryParse and say what was wrong.";

    /// <summary>What the example sends to providers, without what differs from run to run.</summary>
    /// <param name="arguments">In place of the example's.</param>
    public static async Task<string> RequestsAsync(string tool, string? arguments = null)
    {
        await using var rig = await StartAsync();
        var answer = await CallAsync(rig, tool, arguments is null ? Arguments(tool) : JsonNode.Parse(arguments)!.AsObject());
        rig.Provider.Log.Chats.ShouldNotBeEmpty(answer);
        var chats = rig.Provider.Log.Chats.OrderBy(chat => chat.Model, StringComparer.Ordinal);
        return Settled(string.Join('\n', chats.Select(Readable)));
    }

    private static Task<ToolRig> StartAsync() => ToolRig.StartAsync(new SimulatorRule { Endpoint = "POST /chat/completions", Answer = Said });

    private static JsonObject Arguments(string tool) => JsonNode.Parse(ToolDocuments.Examples[tool])!.AsObject();

    private static async Task<string> CallAsync(ToolRig rig, string tool, JsonObject arguments)
    {
        if (tool == "kimi_chat_with_files")
        {
            await rig.CallAsync("kimi_upload_files", new { files = new[] { "/project/report.pdf" } }, await rig.SendAsync("files", "/project/report.pdf", "We promise delivery in May."));
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

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", RegexOptions.ExplicitCapture)]
    private static partial Regex Uuid();
}
