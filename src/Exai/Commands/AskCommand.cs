using System.CommandLine;
using System.Text.Json.Nodes;

namespace Exai.Cli.Commands;

/// <summary><c>exai ask</c>: one question through the real path.</summary>
internal static class AskCommand
{
    public static Command Create()
    {
        var text = new Argument<string>("text") { Description = "The question." };
        var model = new Option<string?>("--model", "-m") { Description = "A model's name or alias, provider/id, or auto." };
        var thread = new Option<string?>("--thread", "-t") { Description = "The continuation_id of an earlier answer, to go on with it." };
        var files = new Option<string[]>("--file", "-f")
        {
            Description = "A file or folder that the model is to read; may be given again. Images are shown as images.",
            HelpName = "path",
        };
        var json = new Option<bool>("--json") { Description = "Print {text, isError, receipt, error?} as JSON." };
        var command = new Command("ask", "Ask one question and print the answer and its receipt.") { text, model, thread, files, json };
        command.SetAction((parsed, cancellationToken) =>
        {
            var named = AskedFiles.Of(parsed.GetValue(files) ?? []);
            var arguments = Arguments(parsed.GetValue(text)!, parsed.GetValue(model), parsed.GetValue(thread), named);
            return ToolCall.RunAsync("chat", arguments, parsed.GetValue(json), cancellationToken, named.Roots);
        });
        return command;
    }

    private static JsonObject Arguments(string text, string? model, string? thread, AskedFiles files)
    {
        var arguments = new JsonObject { ["prompt"] = text };
        if (model is not null)
        {
            arguments["model"] = model;
        }

        if (thread is not null)
        {
            arguments["continuation_id"] = thread;
        }

        files.AddTo(arguments);
        return arguments;
    }
}
