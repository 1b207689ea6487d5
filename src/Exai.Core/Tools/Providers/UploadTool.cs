using System.Text.Json.Nodes;
using Exai.Core.Models;
using Exai.Core.Providers.Services;
using Exai.Core.Tools.Files;
using Exai.Protocol;

namespace Exai.Core.Tools.Providers;

/// <summary>Uploads the files of a call to one provider; content that the account has uploaded before is found again, not sent.</summary>
internal sealed class UploadTool(string tool, string provider, string argument, string purpose, ModelDirectory directory, IFileContents contents) : ITool
{
    public ToolDescriptor Descriptor { get; } = ToolCatalogue.Find(tool)!;

    public bool AsksModels => false;

    public async Task<ToolAnswer> RunAsync(CallContext context, CancellationToken cancellationToken)
    {
        ProviderServices.RefuseSecondRun(context);
        var files = ProviderServices.Of<IProviderFiles>(directory, provider);
        var wanted = Descriptor.Find("purpose") is { } parameter ? context.Arguments.Choice(parameter) ?? purpose : purpose;
        IReadOnlyList<string> named = argument == "file" ? [context.Arguments.RequiredText(argument, int.MaxValue)] : context.Arguments.TextList(argument);
        var sent = await ProviderServices.ReadAsync(context, named, contents, cancellationToken);
        if (argument == "file" && sent.Count != 1)
        {
            throw ToolArguments.Invalid($"'file' was {named[0]}, which stands for {sent.Count} files; it must be one file. Nothing was uploaded.");
        }

        var uploaded = new JsonArray();
        foreach (var (file, bytes) in sent)
        {
            context.Report($"uploading {file.Path}");
            var kept = await files.UploadAsync(new FileUpload(file.Path, bytes) { MediaType = file.MediaType }, wanted, cancellationToken);
            uploaded.Add(new JsonObject
            {
                ["filename"] = kept.Name,
                ["file_id"] = kept.Id,
                ["size_bytes"] = kept.Bytes ?? bytes.Length,
                ["deduplicated"] = kept.WasThere,
            });
        }

        return new ToolAnswer((argument == "file" ? uploaded[0]! : uploaded).ToJsonString(ToolResults.Json), Turn: null);
    }
}
