using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Exai.Cli.Commands;

/// <summary><c>exai call</c>: any tool by hand, through the real path.</summary>
internal static class CallCommand
{
    public static Command Create()
    {
        var tool = new Argument<string>("tool") { Description = "Its name; 'exai tools' shows them." };
        var args = new Option<string?>("--args", "-a") { Description = "Its arguments, a JSON object; @FILE reads them from a file, - from standard input." };
        var json = new Option<bool>("--json") { Description = "Print {text, isError, receipt, error?} as JSON." };
        var command = new Command("call", "Call any tool and print its answer and receipt.") { tool, args, json };
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed.GetValue(tool)!, parsed.GetValue(args), parsed.GetValue(json), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string tool, string? args, bool json, CancellationToken cancellationToken)
    {
        try
        {
            if (JsonNode.Parse(await ReadAsync(args, cancellationToken)) is JsonObject arguments)
            {
                return await ToolCall.RunAsync(tool, arguments, json, cancellationToken);
            }

            Terminal.Explain("--args must be a JSON object, such as '{\"prompt\": \"…\"}'.");
        }
        catch (JsonException wrong)
        {
            Terminal.Explain($"--args is no JSON: {wrong.Message}");
        }
        catch (IOException unreadable)
        {
            Terminal.Explain($"--args names a file that cannot be read: {unreadable.Message}");
        }

        return ExitCodes.WrongUsage;
    }

    private static async Task<string> ReadAsync(string? args, CancellationToken cancellationToken) => args switch
    {
        null => "{}",
        "-" => await Console.In.ReadToEndAsync(cancellationToken),
        ['@', .. var file] => await File.ReadAllTextAsync(file, cancellationToken),
        _ => args,
    };
}
