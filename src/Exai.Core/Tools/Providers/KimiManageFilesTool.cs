using System.Text.Json.Nodes;
using Exai.Core.Models;
using Exai.Core.Providers;
using Exai.Core.Providers.Services;
using Exai.Protocol;

namespace Exai.Core.Tools.Providers;

/// <summary>Lists and deletes the files that an account keeps at Kimi. A clean-up only says what it would delete, unless <c>dry_run</c> is false.</summary>
internal sealed class KimiManageFilesTool(ModelDirectory directory) : ITool
{
    private const int DefaultLimit = 100;
    private static readonly TimeSpan Expired = TimeSpan.FromDays(30);

    public ToolDescriptor Descriptor { get; } = ToolCatalogue.Find("kimi_manage_files")!;

    public bool AsksModels => false;

    public async Task<ToolAnswer> RunAsync(CallContext context, CancellationToken cancellationToken)
    {
        var files = ProviderServices.Of<IProviderFiles>(directory, "kimi");
        var operation = context.Arguments.Choice(Descriptor.Find("operation")!)!;
        var answer = operation switch
        {
            "list" => await ListAsync(files, context.Arguments, cancellationToken),
            "delete" => await DeleteAsync(files, context, cancellationToken),
            _ => await CleanUpAsync(files, operation, context, cancellationToken),
        };
        return new ToolAnswer(answer.ToJsonString(ToolResults.Json), Turn: null);
    }

    private static async Task<JsonObject> ListAsync(IProviderFiles files, ToolArguments arguments, CancellationToken cancellationToken)
    {
        var all = await files.ListAsync(cancellationToken: cancellationToken);
        var shown = all.Take(arguments.OptionalInteger("limit") ?? DefaultLimit).Select(Shown);
        return new JsonObject { ["operation"] = "list", ["count"] = all.Count, ["files"] = new JsonArray([.. shown]) };
    }

    private static async Task<JsonObject> DeleteAsync(IProviderFiles files, CallContext context, CancellationToken cancellationToken)
    {
        var id = context.Arguments.Text("file_id") ?? throw ToolArguments.Invalid("'file_id' is missing. The operation delete needs it; list shows the ids.");
        ProviderServices.RefuseSecondRun(context);
        await files.DeleteAsync(id, cancellationToken);
        return new JsonObject { ["operation"] = "delete", ["file_id"] = id, ["deleted"] = true };
    }

    private static async Task<JsonObject> CleanUpAsync(IProviderFiles files, string operation, CallContext context, CancellationToken cancellationToken)
    {
        if (operation == "cleanup_orphaned")
        {
            throw ToolArguments.Invalid("cleanup_orphaned cannot be told: files of other programs and machines look the same. Delete them by file_id, or use cleanup_expired.");
        }

        var limit = context.Arguments.OptionalInteger("limit") ?? DefaultLimit;
        var dryRun = context.Arguments.OptionalBool("dry_run") ?? true;
        if (!dryRun)
        {
            ProviderServices.RefuseSecondRun(context);
        }

        var oldest = context.Time.GetUtcNow() - Expired;
        var all = await files.ListAsync(cancellationToken: cancellationToken);
        var chosen = operation == "cleanup_all" ? all : [.. all.Where(file => file.CreatedAt < oldest)];
        var deleted = 0;
        var failed = new JsonArray();
        foreach (var file in dryRun ? [] : chosen.Take(limit))
        {
            try
            {
                await files.DeleteAsync(file.Id, cancellationToken);
                deleted++;
            }
            catch (ProviderException failure)
            {
                failed.Add(new JsonObject { ["file_id"] = file.Id, ["error"] = failure.Error.Message });
            }
        }

        var answer = new JsonObject { ["operation"] = operation, ["dry_run"] = dryRun, ["deleted_count"] = deleted, ["failed"] = failed };
        if (dryRun)
        {
            answer["would_delete"] = new JsonArray([.. chosen.Take(limit).Select(Shown)]);
            answer["note"] = "Nothing was deleted. Send the same call with dry_run false to delete.";
        }

        return answer;
    }

    private static JsonNode Shown(ProviderFile file) => new JsonObject
    {
        ["file_id"] = file.Id,
        ["filename"] = file.Name,
        ["size_bytes"] = file.Bytes,
        ["purpose"] = file.Purpose,
        ["created_at"] = file.CreatedAt?.ToString("O"),
    };
}
